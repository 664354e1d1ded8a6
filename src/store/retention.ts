import type { Reason } from '../model/reasons.ts';
import type { EnforceRetention } from './port/upkeep.ts';
import { execute, int, query, type Row, type Steps, text, textOrNull } from './steps.ts';

/*
 * What is too old goes oldest first, in steps that each touch no more than a bounded number of rows. Of a notification
 * first the lines of its recipients go, and how often each reason was given is added up on the way, so that all it says
 * of itself stays true; much later the notification goes. Both are found by an index of those that have ended: a step
 * reads what it removes, however many older ones have not ended, or were dealt with before.
 */

/** Notifications that are begun together. */
const TOGETHER = 100;

interface Mark {
  /** Notifications whose lines are being removed. */
  readonly doing: readonly string[];
  /** Up to where callbacks were looked through. */
  readonly callbacksAfter: readonly [notificationId: string, eventNo: number] | null;
}

/** Answers how many rows it looked at or removed; 0: there is nothing to do now, or another process does it. */
export function* enforceRetention(request: EnforceRetention): Steps<number> {
  const { botId, ages, at, limit } = request;
  const mark = yield* takeMark(botId);
  if (mark === null) return 0;
  if (ages.recipientsMs !== null) {
    const doing = mark.doing.length > 0 ? mark.doing : yield* begin(request, at - ages.recipientsMs);
    if (doing.length > 0) return yield* removeLines(botId, doing, limit);
  }
  if (ages.notificationsMs !== null) {
    const removed = yield* removeNotifications(botId, at - ages.notificationsMs);
    if (removed > 0) return removed;
  }
  return ages.callbacksMs === null ? 0 : yield* removeCallbacks(request, mark, at - ages.callbacksMs);
}

/** Null: it is in the hands of another process. */
function* takeMark(botId: string): Steps<Mark | null> {
  // `before` is of servers before this one, which went through the listings from there on.
  yield* execute('INSERT INTO retention_marks (bot_id, before) VALUES ($1, 0) ON CONFLICT DO NOTHING', botId);
  const [row] = yield* query('SELECT doing, callbacks_after FROM retention_marks WHERE bot_id = $1 {skip}', botId);
  if (row === undefined) return null;
  const [doing, after] = [textOrNull(row, 'doing'), textOrNull(row, 'callbacks_after')];
  return {
    doing: doing === null ? [] : (JSON.parse(doing) as string[]),
    callbacksAfter: after === null ? null : (JSON.parse(after) as [string, number]),
  };
}

/** In the order in which they ended, as the index has them: whoever has not ended is not among them. */
const endedBefore = (lines: 'there' | 'removed'): string =>
  `bot_id = $1 AND (CASE WHEN ledger_removed_at IS NULL THEN 1 ELSE 0 END) = ${lines === 'there' ? 1 : 0}
   AND finished_at < $2 ORDER BY finished_at LIMIT ${TOGETHER}`;

/** Says of those that ended first that their lines are removed, and which these are. */
function* begin({ botId, at, limit }: EnforceRetention, until: number): Steps<string[]> {
  const rows = yield* query(`SELECT id, total FROM notifications WHERE ${endedBefore('there')}`, botId, until);
  const ids = atMost(rows, limit);
  if (ids.length === 0) return [];
  // Once more, for somebody may retry one in the same moment.
  const begun = yield* query(
    `UPDATE notifications SET ledger_removed_at = $3, updated_at = updated_at + 1
     WHERE bot_id = $1 AND id {any:text $2} AND finished_at < $4 AND ledger_removed_at IS NULL RETURNING id`,
    botId,
    ids,
    at,
    until,
  );
  return begun.map((row) => text(row, 'id'));
}

/** The first, and as many more as have together no more recipients than one step removes. */
function atMost(rows: readonly Row[], limit: number): string[] {
  let sum = 0;
  const fitting = rows.filter((row, index) => {
    sum += int(row, 'total');
    return index === 0 || sum <= limit;
  });
  return fitting.map((row) => text(row, 'id'));
}

const LINES = ['logs', 'receipts', 'kept_recipients'] as const;

function* removeLines(botId: string, doing: readonly string[], limit: number): Steps<number> {
  let [removed, isOver] = [0, true];
  for (const table of LINES) {
    const rows = yield* query(
      `DELETE FROM ${table} WHERE bot_id = $1 AND (notification_id, seq) IN (
         SELECT notification_id, seq FROM ${table} WHERE bot_id = $1 AND notification_id {any:text $2} LIMIT $3
       ) RETURNING notification_id${table === 'logs' ? ', reason' : ''}`,
      botId,
      doing,
      limit,
    );
    removed += rows.length;
    isOver &&= rows.length < limit;
    if (table === 'logs') yield* addReasons(botId, rows);
  }
  yield* execute(
    'UPDATE retention_marks SET doing = $2 WHERE bot_id = $1',
    botId,
    isOver ? null : JSON.stringify(doing),
  );
  // Those of which nothing was left have been dealt with all the same.
  return Math.max(1, removed);
}

function* addReasons(botId: string, removed: readonly Row[]): Steps<void> {
  const unreached = removed.filter((row) => row['reason'] !== null);
  const byId = Map.groupBy(unreached, (row) => text(row, 'notification_id'));
  if (byId.size === 0) return;
  const rows = yield* query(
    'SELECT id, ledger_reasons FROM notifications WHERE bot_id = $1 AND id {any:text $2}',
    botId,
    [...byId.keys()],
  );
  const sums = rows.map((row) => {
    const sum = reasonsOf(row);
    for (const line of byId.get(text(row, 'id')) ?? []) {
      const reason = text(line, 'reason') as Reason;
      sum[reason] = (sum[reason] ?? 0) + 1;
    }
    return { id: text(row, 'id'), reasons: JSON.stringify(sum) };
  });
  yield* execute(
    `UPDATE notifications SET ledger_reasons = sums.reasons FROM {rows sums(id text, reasons text) $2}
     WHERE notifications.bot_id = $1 AND notifications.id {any:text $3} AND notifications.id = sums.id`,
    botId,
    sums,
    // Named once more, or SQLite goes through all that the bot has.
    sums.map(({ id }) => id),
  );
}

/** How often each reason was given in lines that are gone. */
export function reasonsOf(row: Row): Partial<Record<Reason, number>> {
  const stored = textOrNull(row, 'ledger_reasons');
  return stored === null ? {} : JSON.parse(stored);
}

const OF_NOTIFICATIONS = ['callbacks', 'callback_watches', 'receipt_counts', 'retries', 'milestones'] as const;

function* removeNotifications(botId: string, until: number): Steps<number> {
  const found = yield* query(`SELECT id FROM notifications WHERE ${endedBefore('removed')}`, botId, until);
  const ids = found.map((row) => text(row, 'id'));
  if (ids.length === 0) return 0;
  for (const table of OF_NOTIFICATIONS)
    yield* execute(`DELETE FROM ${table} WHERE bot_id = $1 AND notification_id {any:text $2}`, botId, ids);
  yield* execute('DELETE FROM notifications WHERE bot_id = $1 AND id {any:text $2}', botId, ids);
  return ids.length;
}

/** Goes through all that are there, which are no more than their age lets there be. */
function* removeCallbacks({ botId, limit }: EnforceRetention, { callbacksAfter }: Mark, until: number): Steps<number> {
  const [notificationId, eventNo] = callbacksAfter ?? ['', -1];
  const rows = yield* query(
    `SELECT notification_id, event_no, created_at, due_at FROM callbacks
     WHERE bot_id = $1 AND (notification_id, event_no) > ($2, $3) ORDER BY notification_id, event_no LIMIT $4`,
    botId,
    notificationId,
    eventNo,
    limit,
  );
  const old = rows.filter((row) => int(row, 'created_at') < until && row['due_at'] === null);
  if (old.length > 0) {
    yield* execute(
      `DELETE FROM callbacks WHERE bot_id = $1 AND (notification_id, event_no) IN (
         SELECT old.notification_id, old.event_no FROM {rows old(notification_id text, event_no int) $2}
       )`,
      botId,
      old.map((row) => ({ notification_id: text(row, 'notification_id'), event_no: int(row, 'event_no') })),
    );
  }
  const last = rows.length < limit ? undefined : rows.at(-1);
  const after = last === undefined ? null : JSON.stringify([text(last, 'notification_id'), int(last, 'event_no')]);
  if (after !== null || callbacksAfter !== null)
    yield* execute('UPDATE retention_marks SET callbacks_after = $2 WHERE bot_id = $1', botId, after);
  return after === null ? 0 : rows.length;
}
