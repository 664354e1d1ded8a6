/** How long things are kept after a notification has ended, in days; absent: for ever. */
export interface Retention {
  /** What became of each recipient. */
  readonly recipientsDays?: number;
  /** The notification itself with its counts, and all that is left of it. */
  readonly notificationsDays?: number;
  /** What was told by webhooks, and how it went. */
  readonly callbacksDays?: number;
}

const DAY_MS = 86_400_000;

/** The same in ms; null: for ever. Nothing of a notification outlasts it. */
export interface Ages {
  readonly recipientsMs: number | null;
  readonly notificationsMs: number | null;
  readonly callbacksMs: number | null;
}

export function agesOf({ recipientsDays, notificationsDays, callbacksDays }: Retention): Ages {
  const least = (days: number | undefined): number | null => {
    const shortest = Math.min(days ?? Number.POSITIVE_INFINITY, notificationsDays ?? Number.POSITIVE_INFINITY);
    return shortest === Number.POSITIVE_INFINITY ? null : shortest * DAY_MS;
  };
  return {
    recipientsMs: least(recipientsDays),
    notificationsMs: least(notificationsDays),
    callbacksMs: least(callbacksDays),
  };
}

export const isForEver = ({ recipientsMs, callbacksMs }: Ages): boolean =>
  recipientsMs === null && callbacksMs === null;
