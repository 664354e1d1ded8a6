import { findForNobody } from './audiences.ts';
import { leaseClock, RESTORED } from './batches.ts';
import { findSummaries } from './notifications.ts';
import type {
  AddCallbacks,
  CallbackLine,
  CallbackWatch,
  ClaimCallbacks,
  ClaimedCallback,
  SettleCallback,
  TriedCallback,
} from './port/callbacks.ts';
import type { NotificationKey } from './port/notifications.ts';
import {
  execute,
  type InsertShape,
  insertMany,
  int,
  intOrNull,
  query,
  type Row,
  type Steps,
  text,
  textOrNull,
} from './steps.ts';

/*
 * Who asked to be told how far a notification is has a row in `callback_watches` until its end was written down, so that
 * nothing is asked of notifications without. What is told is written down once, by whichever node comes first, and from
 * there on delivered like anything else: claimed with a lease, settled with the fence.
 */

export function* listCallbackWatches(page: {
  readonly after: NotificationKey | null;
  readonly limit: number;
}): Steps<CallbackWatch[]> {
  const rows = yield* query(
    `SELECT bot_id, notification_id, told FROM callback_watches WHERE (bot_id, notification_id) > ($1, $2)
     ORDER BY bot_id, notification_id LIMIT $3`,
    page.after?.botId ?? '',
    page.after?.notificationId ?? '',
    page.limit,
  );
  const notifications = rows.map((row) => ({
    botId: text(row, 'bot_id'),
    notificationId: text(row, 'notification_id'),
  }));
  const summaries = yield* findSummaries({ notifications });
  const sent = new Set(summaries.map(({ id }) => id));
  const others = notifications.filter(({ notificationId }) => !sent.has(notificationId));
  const found = new Map([...summaries, ...(yield* findForNobody(others))].map((summary) => [summary.id, summary]));
  return rows.map((row) => ({
    botId: text(row, 'bot_id'),
    notificationId: text(row, 'notification_id'),
    told: int(row, 'told'),
    notification: found.get(text(row, 'notification_id')) ?? null,
  }));
}

const CALLBACKS: InsertShape = {
  table: 'callbacks',
  columns: {
    bot_id: 'text',
    notification_id: 'text',
    event_no: 'int',
    event: 'text',
    connection_id: 'text',
    body: 'text',
    created_at: 'int',
    due_at: 'int',
    token: 'int',
    state: 'text',
    tries: 'text',
    trace: 'text',
  },
  onConflict: 'ON CONFLICT (bot_id, notification_id, event_no) DO NOTHING',
};

export function* addCallbacks({ callbacks, told, over }: AddCallbacks): Steps<void> {
  const dueAt = yield* leaseClock();
  yield* insertMany(
    CALLBACKS,
    callbacks.map(({ botId, notificationId, eventNo, event, connectionId, body, trace, at }) => [
      ...[botId, notificationId, eventNo, event, connectionId, body, at],
      ...[dueAt, 0, 'pending', '[]', trace],
    ]),
  );
  if (told.length > 0) {
    yield* execute(
      `UPDATE callback_watches SET told = reached.told
       FROM {rows reached(bot_id text, notification_id text, told int) $1}
       WHERE callback_watches.bot_id = reached.bot_id AND callback_watches.notification_id = reached.notification_id
         AND callback_watches.told < reached.told`,
      told.map(({ botId, notificationId, told: reached }) => ({
        bot_id: botId,
        notification_id: notificationId,
        told: reached,
      })),
    );
  }
  if (over.length > 0) {
    yield* execute(
      `DELETE FROM callback_watches WHERE (bot_id, notification_id) IN (
         SELECT ended.bot_id, ended.notification_id FROM {rows ended(bot_id text, notification_id text) $1}
       )`,
      over.map(({ botId, notificationId }) => ({ bot_id: botId, notification_id: notificationId })),
    );
  }
}

export function* isAnyDue(): Steps<boolean> {
  const [row] = yield* query('SELECT min(due_at) AS due_at FROM callbacks WHERE due_at <= (SELECT {now})');
  return row !== undefined && intOrNull(row, 'due_at') !== null;
}

/** `due_at` is when it may be tried, or the end of the lease of whoever tries it. */
export function* claimCallbacks({ limit, leaseMs, busyBots }: ClaimCallbacks): Steps<ClaimedCallback[]> {
  const rows = yield* query(
    `WITH due AS MATERIALIZED (
       SELECT bot_id, notification_id, event_no FROM callbacks
       WHERE due_at <= (SELECT {now}) AND NOT (bot_id {any:text $3}) AND NOT ${RESTORED}
       ORDER BY due_at, event_no LIMIT $1 {skip}
     )
     UPDATE callbacks SET token = token + 1, due_at = {now} + $2 FROM due
     WHERE callbacks.bot_id = due.bot_id AND callbacks.notification_id = due.notification_id
       AND callbacks.event_no = due.event_no
     RETURNING callbacks.bot_id AS bot_id, callbacks.notification_id AS notification_id,
       callbacks.event_no AS event_no, callbacks.token AS token, callbacks.connection_id AS connection_id,
       callbacks.body AS body, callbacks.tries AS tries, callbacks.trace AS trace`,
    limit,
    leaseMs,
    busyBots,
  );
  return rows.map((row) => ({
    botId: text(row, 'bot_id'),
    notificationId: text(row, 'notification_id'),
    eventNo: int(row, 'event_no'),
    token: int(row, 'token'),
    connectionId: text(row, 'connection_id'),
    body: text(row, 'body'),
    trace: textOrNull(row, 'trace'),
    tries: triesOf(row),
  }));
}

export function* settleCallback({ callback, tries, next }: SettleCallback): Steps<boolean> {
  const dueAt = typeof next === 'string' ? null : (yield* leaseClock()) + next.delayMs;
  const rows = yield* query(
    `UPDATE callbacks SET due_at = $5, state = $6, tries = $7
     WHERE bot_id = $1 AND notification_id = $2 AND event_no = $3 AND token = $4 AND due_at IS NOT NULL
     RETURNING event_no`,
    callback.botId,
    callback.notificationId,
    callback.eventNo,
    callback.token,
    dueAt,
    typeof next === 'string' ? next : 'pending',
    JSON.stringify(tries),
  );
  return rows.length > 0;
}

export function* listCallbacks({ botId, notificationId }: NotificationKey): Steps<CallbackLine[]> {
  const rows = yield* query(
    `SELECT event_no, event, connection_id, created_at, due_at, state, tries FROM callbacks
     WHERE bot_id = $1 AND notification_id = $2 ORDER BY event_no`,
    botId,
    notificationId,
  );
  return rows.map((row) => ({
    eventNo: int(row, 'event_no'),
    // Typed when they were written; the database is ours alone.
    event: text(row, 'event') as CallbackLine['event'],
    connectionId: text(row, 'connection_id'),
    createdAt: int(row, 'created_at'),
    dueAt: intOrNull(row, 'due_at'),
    state: text(row, 'state') as CallbackLine['state'],
    tries: triesOf(row),
  }));
}

const triesOf = (row: Row): TriedCallback[] => JSON.parse(text(row, 'tries'));
