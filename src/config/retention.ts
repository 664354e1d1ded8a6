import { type Static, Type } from 'typebox';
import type { Retention } from '../model/retention.ts';
import type { Report } from './section.ts';

const DAYS = Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,4}d$', description: 'days, such as 90d' }));

/** How long things are kept after a notification has ended; what is not named is kept for ever. */
export const RETENTION = Type.Object(
  { recipients: DAYS, notifications: DAYS, callbacks: DAYS },
  { additionalProperties: false },
);

export function readRetention(
  given: Static<typeof RETENTION>,
  path: string,
  { faults }: Pick<Report, 'faults'>,
): Retention {
  const { recipients, notifications, callbacks } = given;
  for (const [key, days] of Object.entries({ recipients, callbacks })) {
    if (notifications === undefined || days === undefined || daysOf(days) <= daysOf(notifications)) continue;
    faults.push(`${path}.${key}: ${days} is longer than notifications (${notifications}), and nothing outlasts those.`);
  }
  return {
    ...(recipients !== undefined && { recipientsDays: daysOf(recipients) }),
    ...(notifications !== undefined && { notificationsDays: daysOf(notifications) }),
    ...(callbacks !== undefined && { callbacksDays: daysOf(callbacks) }),
  };
}

const daysOf = (text: string): number => Number(text.slice(0, -1));
