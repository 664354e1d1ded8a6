import { notificationSummary, SUMMARY } from './notifications.ts';
import type { RuledNotification } from './port/interventions.ts';
import type { NotificationKey } from './port/notifications.ts';
import { execute, intOrNull, query, type Steps } from './steps.ts';

/*
 * A notification that was sent by rules is marked until they have done what they do, so that looking for those costs
 * nothing where there are none. Beyond a canary all batches are parked from the start (`pause.ts`): `held_from` is the
 * first of them, and no resume lets them go before it was judged.
 */

export function* listRuled(page: {
  readonly after: NotificationKey | null;
  readonly limit: number;
}): Steps<RuledNotification[]> {
  const rows = yield* query(
    `SELECT ${SUMMARY}, held_from FROM notifications WHERE ruled IS NOT NULL AND (bot_id, id) > ($1, $2)
     ORDER BY bot_id, id LIMIT $3`,
    page.after?.botId ?? '',
    page.after?.notificationId ?? '',
    page.limit,
  );
  return rows.map((row) => ({ notification: notificationSummary(row), heldFrom: intOrNull(row, 'held_from') }));
}

/** With its last words a pause, if it is to be one: nothing is let go in between. */
export function* concludeCanary(
  request: NotificationKey & { readonly at: number; readonly pauses: boolean },
): Steps<boolean> {
  const concluded = yield* query(
    `UPDATE notifications SET held_from = NULL, settling = 1,
       paused_reason = CASE WHEN $4 = 1 AND paused_at IS NULL AND expires_at > $3 THEN 'canary' ELSE paused_reason END,
       extended_at = CASE WHEN $4 = 1 AND paused_at IS NULL AND expires_at > $3 THEN coalesce(extended_at, $3) ELSE extended_at END,
       paused_at = CASE WHEN $4 = 1 AND paused_at IS NULL AND expires_at > $3 THEN $3 ELSE paused_at END
     WHERE bot_id = $1 AND id = $2 AND held_from IS NOT NULL AND finished_at IS NULL AND cancelled_at IS NULL
     RETURNING id`,
    request.botId,
    request.notificationId,
    request.at,
    request.pauses ? 1 : 0,
  );
  return concluded.length > 0;
}

export function* endRules({ botId, notificationId }: NotificationKey): Steps<void> {
  yield* execute(
    'UPDATE notifications SET ruled = NULL WHERE bot_id = $1 AND id = $2 AND ruled IS NOT NULL',
    botId,
    notificationId,
  );
}
