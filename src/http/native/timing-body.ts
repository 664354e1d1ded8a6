import { type Static, Type } from 'typebox';
import { BEGINS, DAYS, ENDS } from '../../model/hours.ts';
import { oneOf, TIME } from '../contract/fields.ts';

const ZONE = { minLength: 1, maxLength: 64 };

const FIELDS = {
  days: Type.Optional(
    Type.Array(oneOf(DAYS), { minItems: 1, maxItems: 7, description: 'On which they begin. Absent: on every day.' }),
  ),
  from: Type.String({ pattern: BEGINS, description: 'HH:MM, the first minute of them.', examples: ['08:00'] }),
  until: Type.String({
    pattern: ENDS,
    description: 'HH:MM, the first minute after them, up to 24:00; before `from`: on the next day.',
    examples: ['20:00'],
  }),
  timeZone: Type.Optional(
    Type.String({
      ...ZONE,
      description: "Whose clock counts: an IANA time zone, or `person`, each recipient's own as the directory has it.",
      default: 'person',
      examples: ['Europe/Berlin'],
    }),
  ),
  fallbackTimeZone: Type.Optional(
    Type.String({
      ...ZONE,
      description: 'An IANA time zone for whom the directory has none.',
      default: 'UTC',
      examples: ['Europe/Berlin'],
    }),
  ),
};

const hours = (description: string) => Type.Object(FIELDS, { additionalProperties: false, description });

export const HOURS = hours("Hours of the week, by the clock on somebody's wall.");

/** The fields of a send that say when. */
export const TIMING = {
  sendAt: Type.Optional(
    Type.String({
      ...TIME,
      description: 'A time with its zone, 2026-03-01T10:00:00Z, at most a year ahead; nothing is sent before it.',
    }),
  ),
  window: Type.Optional(hours('Nobody is sent it outside these hours: it waits for them.')),
  quietHours: Type.Optional(hours('Nobody is sent it within these hours: it waits until they are over.')),
  overrideQuietHours: Type.Optional(
    Type.Object(
      {
        reason: Type.String({
          minLength: 1,
          maxLength: 500,
          description: 'Kept with the notification, for whoever is woken.',
        }),
      },
      {
        additionalProperties: false,
        description: "Sends it within the bot's own quiet hours as well. Only with priority urgent.",
      },
    ),
  ),
  expiresAt: Type.Optional(
    Type.String({
      ...TIME,
      description:
        'A time with its zone; nothing is sent after it. At most 30 days after sendAt, or from now. Absent: a day after everybody could have been sent it.',
    }),
  ),
};

export type HoursBody = Static<typeof HOURS>;
