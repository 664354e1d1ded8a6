import type { Change } from './port/interventions.ts';
import type { NotificationKey } from './port/notifications.ts';
import { intOrNull, query, type Steps, text } from './steps.ts';

/** One statement for all that may be asked of a notification under way: a claim waits for its answer. */
export function* listChanged({
  notifications,
}: {
  readonly notifications: readonly NotificationKey[];
}): Steps<Change[]> {
  if (notifications.length === 0) return [];
  const rows = yield* query(
    `SELECT bot_id, id, cancelled_at, paused_at, CASE WHEN extended_at IS NULL THEN NULL ELSE expires_at END AS expires_at
     FROM notifications
     WHERE (cancelled_at IS NOT NULL OR paused_at IS NOT NULL OR extended_at IS NOT NULL) AND (bot_id, id) IN (
       SELECT asked.bot_id, asked.id FROM {rows asked(bot_id text, id text) $1}
     )`,
    notifications.map(({ botId, notificationId }) => ({ bot_id: botId, id: notificationId })),
  );
  return rows.map((row) => ({
    botId: text(row, 'bot_id'),
    notificationId: text(row, 'id'),
    isCancelled: intOrNull(row, 'cancelled_at') !== null,
    isPaused: intOrNull(row, 'paused_at') !== null,
    expiresAt: intOrNull(row, 'expires_at'),
  }));
}
