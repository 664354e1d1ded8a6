import { LANES } from '../model/notification.ts';
import { leaseClock } from './batches.ts';
import type { RescheduleRequest } from './port/interventions.ts';
import type { NotificationKey } from './port/notifications.ts';
import { execute, int, intOrNull, query, type Row, type Steps } from './steps.ts';

/*
 * A notification is given another time by one change of its row; its batches, which may be thousands, are moved step by step
 * (`pause.ts`). Who takes up one that was not moved yet reads the new time with it, and puts it off.
 */

export function* reschedule(request: RescheduleRequest): Steps<'rescheduled' | 'begun'> {
  const { botId, notificationId, options, lane, expiresAt, delayMs, at } = request;
  const [row] = yield* query(
    `SELECT total, pending, suppressed, finished_at, cancelled_at FROM notifications
     WHERE bot_id = $1 AND id = $2 {lock}`,
    botId,
    notificationId,
  );
  if (row === undefined || !isUntouched(row)) return 'begun';
  // Locked, so that nobody takes one up between the look and the change.
  const batches = yield* query(
    'SELECT token FROM batches WHERE bot_id = $1 AND notification_id = $2 {lock}',
    botId,
    notificationId,
  );
  if (batches.some((batch) => int(batch, 'token') > 0)) return 'begun';
  yield* execute(
    `UPDATE notifications SET options = $3, lane = $4, expires_at = $5, moves_to = $6, settling = 1, updated_at = $7
     WHERE bot_id = $1 AND id = $2`,
    botId,
    notificationId,
    JSON.stringify(options),
    LANES.indexOf(lane),
    expiresAt,
    (yield* leaseClock()) + delayMs,
    at,
  );
  return 'rescheduled';
}

/** Whoever was left out from the beginning has had an end all the same. */
const isUntouched = (row: Row): boolean =>
  intOrNull(row, 'finished_at') === null &&
  intOrNull(row, 'cancelled_at') === null &&
  int(row, 'pending') + int(row, 'suppressed') === int(row, 'total');

/** Where batches are to go, and by how much parked ones lie beyond it. */
export interface Move {
  readonly movesTo: number;
  readonly lane: number;
  readonly parkedMs: number;
}

/** Moves some; of what is parked it moves the time that is kept in it. A queue begins with its lane. */
export function* moveBatches(
  { botId, notificationId }: NotificationKey,
  { movesTo, lane, parkedMs }: Move,
  limit: number,
): Steps<number> {
  const params = [botId, notificationId, movesTo, parkedMs, String(lane)];
  const moved = yield* query(
    `WITH misplaced AS MATERIALIZED (
       SELECT batch_no FROM batches WHERE bot_id = $1 AND notification_id = $2 AND ${MISPLACED} LIMIT $6 {skip}
     )
     UPDATE batches SET claimable_at = $3 + CASE WHEN claimable_at >= $4 THEN $4 ELSE 0 END, queue = $5 || substr(queue, 2)
     FROM misplaced
     WHERE batches.bot_id = $1 AND batches.notification_id = $2 AND batches.batch_no = misplaced.batch_no
     RETURNING batches.batch_no AS batch_no`,
    ...params,
    limit,
  );
  if (moved.length < limit) {
    yield* execute(
      `UPDATE notifications SET moves_to = NULL WHERE bot_id = $1 AND id = $2
         AND NOT EXISTS (SELECT 1 FROM batches WHERE bot_id = $1 AND notification_id = $2 AND ${MISPLACED})`,
      ...params,
    );
  }
  return moved.length;
}

/** What was taken up once has a time of its own. */
const MISPLACED = `token = 0 AND owner IS NULL AND (claimable_at - CASE WHEN claimable_at >= $4 THEN $4 ELSE 0 END <> $3
  OR queue <> $5 || substr(queue, 2))`;
