import { Type } from 'typebox';
import { BEGINS, completeHours, DAYS, ENDS, findHoursFault, type GivenHours, type Hours } from '../model/hours.ts';
import type { Report } from './section.ts';

/** Hours in which a bot writes to nobody, unless it is urgent and the sender says why. */
export const QUIET_HOURS = Type.Object(
  {
    days: Type.Optional(
      Type.Array(Type.Union(DAYS.map((day) => Type.Literal(day))), { minItems: 1, maxItems: DAYS.length }),
    ),
    from: Type.String({ pattern: BEGINS }),
    until: Type.String({ pattern: ENDS }),
    timeZone: Type.Optional(Type.String()),
    fallbackTimeZone: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

export function readQuietHours(given: GivenHours, path: string, { faults }: Report): Hours {
  const hours = completeHours(given);
  const fault = findHoursFault(hours);
  if (fault !== null) faults.push(`${path}.${fault.key}: ${fault.sentence}.`);
  return hours;
}
