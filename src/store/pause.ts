import type { PauseReason } from '../model/notification.ts';
import { countHeld } from './batches.ts';
import type { PauseTally } from './port/interventions.ts';
import type { NotificationKey } from './port/notifications.ts';
import { moveBatches } from './reschedule.ts';
import { execute, int, intOrNull, query, type Row, type Steps, text, textOrNull } from './steps.ts';

/*
 * A pause is one mark, as a cancel is (`cancel.ts`), and workers hear of it with every claim. What waits is parked: its
 * time comes so far in the future that no claim and no listing ever sees it, and how long it had to wait is kept in it.
 * The mark is locked wherever a batch is parked, so that none is once a resume has taken it away.
 */

/** Some 127,000 years, ms: later than anything that waits by itself, and exact when it is added to any time. */
export const PARKED_MS = 4_000_000_000_000_000;

/** From then on its deadline counts, and not how long its lane would try. */
export function* pause(
  request: NotificationKey & { readonly at: number; readonly reason: PauseReason },
): Steps<boolean> {
  const marked = yield* query(
    `UPDATE notifications SET paused_at = $3, paused_reason = $4, settling = 1, extended_at = coalesce(extended_at, $3)
     WHERE bot_id = $1 AND id = $2 AND paused_at IS NULL AND cancelled_at IS NULL AND finished_at IS NULL
       AND expires_at > $3 RETURNING id`,
    request.botId,
    request.notificationId,
    request.at,
    request.reason,
  );
  return marked.length > 0;
}

export function* resume({ botId, notificationId }: NotificationKey): Steps<boolean> {
  const marked = yield* query(
    `UPDATE notifications SET paused_at = NULL, paused_reason = NULL, settling = 1
     WHERE bot_id = $1 AND id = $2 AND paused_at IS NOT NULL RETURNING id`,
    botId,
    notificationId,
  );
  return marked.length > 0;
}

/** Whatever of it is parked is to be released. */
export function* release({ botId, notificationId }: NotificationKey): Steps<void> {
  yield* execute('UPDATE notifications SET settling = 1 WHERE bot_id = $1 AND id = $2', botId, notificationId);
}

export function* extend({
  botId,
  notificationId,
  at,
  expiresAt,
}: NotificationKey & { readonly at: number; readonly expiresAt: number }): Steps<boolean> {
  const extended = yield* query(
    `UPDATE notifications SET expires_at = CASE WHEN expires_at < $3 THEN $3 ELSE expires_at END,
       extended_at = coalesce(extended_at, $4)
     WHERE bot_id = $1 AND id = $2 AND cancelled_at IS NULL AND finished_at IS NULL
       AND (expires_at < $3 OR extended_at IS NULL) RETURNING id`,
    botId,
    notificationId,
    expiresAt,
    at,
  );
  return extended.length > 0;
}

export function* tallyPaused({ botId, notificationId }: NotificationKey): Steps<PauseTally | null> {
  // Locked: no checkpoint moves anybody from one count to another before all are counted.
  const [row] = yield* query(
    'SELECT total, pending, paused_at, paused_reason FROM notifications WHERE bot_id = $1 AND id = $2 {lock}',
    botId,
    notificationId,
  );
  if (row === undefined) return null;
  const [total, pending] = [int(row, 'total'), int(row, 'pending')];
  const inFlight = pending === 0 ? 0 : yield* countHeld({ botId, notificationId });
  const isOver = pending === 0;
  return {
    pausedAt: isOver ? null : intOrNull(row, 'paused_at'),
    reason: isOver ? null : pauseReason(row),
    waiting: pending - inFlight,
    inFlight,
    alreadyFinal: total - pending,
  };
}

// Typed when it was written; the database is ours alone.
export const pauseReason = (row: Row): PauseReason | null => textOrNull(row, 'paused_reason') as PauseReason | null;

export function* settlePauses({ at, limit }: { readonly at: number; readonly limit: number }): Steps<number> {
  yield* endOverdue(at);
  let moved = 0;
  for (const key of yield* listSettling()) {
    if (moved >= limit) break;
    moved += yield* settle(key, limit - moved);
  }
  return moved;
}

/** A pause ends with the deadline: who was parked until then expires like anybody else. */
function* endOverdue(at: number): Steps<void> {
  yield* execute(
    `WITH overdue AS MATERIALIZED (
       SELECT bot_id, id FROM notifications WHERE paused_at IS NOT NULL AND expires_at <= $1 LIMIT $2 {skip}
     )
     UPDATE notifications SET paused_at = NULL, paused_reason = NULL, settling = 1
     FROM overdue WHERE notifications.bot_id = overdue.bot_id AND notifications.id = overdue.id`,
    at,
    NOTIFICATIONS_PER_LOOK,
  );
}

function* listSettling(): Steps<NotificationKey[]> {
  const rows = yield* query(
    'SELECT bot_id, id FROM notifications WHERE settling IS NOT NULL LIMIT $1',
    NOTIFICATIONS_PER_LOOK,
  );
  return rows.map((row) => ({ botId: text(row, 'bot_id'), notificationId: text(row, 'id') }));
}

const NOTIFICATIONS_PER_LOOK = 100;

/** Whether it is paused is asked here and not when it was listed: a resume may have come in between. */
function* settle({ botId, notificationId }: NotificationKey, limit: number): Steps<number> {
  const [row] = yield* query(
    'SELECT paused_at, held_from, moves_to, lane FROM notifications WHERE bot_id = $1 AND id = $2 {lock}',
    botId,
    notificationId,
  );
  if (row === undefined) return 0;
  const movesTo = intOrNull(row, 'moves_to');
  if (movesTo !== null) {
    const move = { movesTo, lane: int(row, 'lane'), parkedMs: PARKED_MS };
    const moved = yield* moveBatches({ botId, notificationId }, move, limit);
    // What is parked or let go has its new time first.
    if (moved > 0) return moved;
  }
  const { misplaced, by } = intOrNull(row, 'paused_at') === null ? RELEASE : PARK;
  // Those who follow a canary stay parked until it was judged.
  const until = intOrNull(row, 'held_from') ?? Number.MAX_SAFE_INTEGER;
  const moved = yield* query(
    `WITH misplaced AS MATERIALIZED (
       SELECT batch_no FROM batches WHERE bot_id = $1 AND notification_id = $2 AND batch_no < $5 AND ${misplaced}
       LIMIT $4 {skip}
     )
     UPDATE batches SET claimable_at = claimable_at ${by} $3
     FROM misplaced
     WHERE batches.bot_id = $1 AND batches.notification_id = $2 AND batches.batch_no = misplaced.batch_no
     RETURNING batches.batch_no AS batch_no`,
    botId,
    notificationId,
    PARKED_MS,
    limit,
    until,
  );
  if (moved.length < limit) yield* noteSettled({ botId, notificationId }, misplaced, until);
  return moved.length;
}

/** Not while there are some that somebody has locked. */
function* noteSettled({ botId, notificationId }: NotificationKey, misplaced: string, until: number): Steps<void> {
  yield* execute(
    `UPDATE notifications SET settling = NULL WHERE bot_id = $1 AND id = $2 AND moves_to IS NULL
       AND NOT EXISTS (SELECT 1 FROM batches WHERE bot_id = $1 AND notification_id = $2 AND batch_no < $4
         AND ${misplaced})`,
    botId,
    notificationId,
    PARKED_MS,
    until,
  );
}

/** What a worker holds comes back parked when it has heard; what one died with, from whoever takes it over. */
const PARK = { misplaced: 'owner IS NULL AND claimable_at < $3', by: '+' } as const;
const RELEASE = { misplaced: 'claimable_at >= $3', by: '-' } as const;
