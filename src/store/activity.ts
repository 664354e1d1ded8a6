import type { FinalState } from '../model/notification.ts';
import type { Reason } from '../model/reasons.ts';
import { insertCells } from './activity-cells.ts';
import { countsOf } from './notifications.ts';
import type { ActivityReport, ActivitySums, EndCount, Milestone, OpenSum, SaidState } from './port/activity.ts';
import type { NotificationKey } from './port/notifications.ts';
import { execute, type InsertShape, insertMany, int, query, type Row, type Steps, text } from './steps.ts';

/*
 * Each node writes rows of its own, with whole counts: what is said twice counts once, and no node waits for another.
 */

const STATES: InsertShape = {
  table: 'connection_states',
  columns: { bot_id: 'text', connection_id: 'text', node: 'text', at: 'int', state: 'text' },
  onConflict: 'ON CONFLICT (bot_id, connection_id, node) DO UPDATE SET at = excluded.at, state = excluded.state',
};

export function* recordActivity({ node, at, cells, connections, moved }: ActivityReport): Steps<void> {
  yield* insertCells(node, cells);
  yield* insertMany(
    STATES,
    connections.map(({ botId, connectionId, state }) => [botId, connectionId, node, at, JSON.stringify(state)]),
  );
  if (moved.length > 0) yield* setMilestones(moved, at);
}

const MILESTONES = 400;
const COUNTS = 'pending, delivered, failed, suppressed, expired, cancelled, unknown';

/** Whoever sees first that a further 400th has ended writes it down; so a notification has 401 at the most. */
const setMilestones = (moved: readonly NotificationKey[], at: number): Steps<void> =>
  execute(
    `INSERT INTO milestones (bot_id, notification_id, slot, at, total, ${COUNTS})
     SELECT n.bot_id, n.id, (n.total - n.pending) * ${MILESTONES} / n.total, CAST($2 AS {int}), n.total,
       ${COUNTS.split(', ')
         .map((count) => `n.${count}`)
         .join(', ')}
     FROM notifications AS n WHERE n.total > 0 AND (n.bot_id, n.id) IN (
       SELECT asked.bot_id, asked.id FROM {rows asked(bot_id text, id text) $1}
     ) ORDER BY n.bot_id, n.id
     ON CONFLICT DO NOTHING`,
    moved.map(({ botId, notificationId }) => ({ bot_id: botId, id: notificationId })),
    at,
  );

export function* sumActivity(request: {
  readonly botId: string;
  readonly from: number;
  readonly until: number;
}): Steps<ActivitySums> {
  const { botId, from, until } = request;
  const sumBy = (columns: string) =>
    query(
      `SELECT ${columns}, CAST(sum(count) AS {int}) AS count FROM activity
       WHERE bot_id = $1 AND minute >= $2 AND minute < $3 GROUP BY ${columns} ORDER BY ${columns}`,
      botId,
      from,
      until,
    );
  const byMinute = yield* sumBy('minute, state');
  const byReason = yield* sumBy('connection_id, state, reason');
  return {
    byMinute: byMinute.map((row) => ({ minute: int(row, 'minute'), state: stateOf(row), count: int(row, 'count') })),
    byReason: byReason.map((row) => ({
      connectionId: text(row, 'connection_id'),
      state: stateOf(row),
      reason: (text(row, 'reason') || null) as Reason | null,
      count: int(row, 'count'),
    })),
  };
}

export function* listConnectionStates(request: { readonly botId: string; readonly since: number }): Steps<SaidState[]> {
  const rows = yield* query(
    'SELECT bot_id, connection_id, node, at, state FROM connection_states WHERE bot_id = $1 AND at >= $2',
    request.botId,
    request.since,
  );
  return rows.map((row) => ({
    botId: text(row, 'bot_id'),
    connectionId: text(row, 'connection_id'),
    node: text(row, 'node'),
    at: int(row, 'at'),
    state: JSON.parse(text(row, 'state')),
  }));
}

export function* sumOpen(request: {
  readonly botId: string;
  readonly channels: readonly string[];
  readonly limit: number;
}): Steps<OpenSum[]> {
  const { botId, channels, limit } = request;
  if (channels.length === 0) return [];
  const newest = channels.map(
    (_, index) => `SELECT connection_id, pending FROM (
       SELECT connection_id, pending FROM notifications
       WHERE bot_id = $1 AND channel = $${index + 3} AND (CASE WHEN finished_at IS NULL THEN 0 ELSE 1 END) = 0
       ORDER BY created_at DESC, id DESC LIMIT $2) AS newest`,
  );
  const rows = yield* query(
    `SELECT connection_id, count(*) AS notifications, CAST(sum(pending) AS {int}) AS recipients
     FROM (${newest.join(' UNION ALL ')}) AS of_all GROUP BY connection_id`,
    botId,
    limit,
    ...channels,
  );
  return rows.map((row) => ({
    connectionId: text(row, 'connection_id'),
    notifications: int(row, 'notifications'),
    recipients: int(row, 'recipients'),
  }));
}

export function* listMilestones({ botId, notificationId }: NotificationKey): Steps<Milestone[]> {
  const rows = yield* query(
    `SELECT at, total, ${COUNTS} FROM milestones WHERE bot_id = $1 AND notification_id = $2 ORDER BY at, slot`,
    botId,
    notificationId,
  );
  return rows.map((row) => ({ at: int(row, 'at'), ...countsOf(row) }));
}

export function* countEnds(
  request: NotificationKey & { readonly from: number; readonly stepMs: number },
): Steps<EndCount[]> {
  const rows = yield* query(
    `SELECT step, state, count(*) AS count FROM (
       SELECT state, CASE WHEN at < $3 THEN 0 ELSE (at - CAST($3 AS {int})) / CAST($4 AS {int}) END AS step FROM logs
       WHERE bot_id = $1 AND notification_id = $2
     ) AS ended GROUP BY step, state ORDER BY step, state`,
    request.botId,
    request.notificationId,
    request.from,
    request.stepMs,
  );
  return rows.map((row) => ({ step: int(row, 'step'), state: stateOf(row), count: int(row, 'count') }));
}

/** Longer than anybody can ask for. */
const KEPT_MS = 48 * 3_600_000;

/** Bounded, as `prune` is. */
export function* pruneActivity({ now, limit }: { readonly now: number; readonly limit: number }): Steps<number> {
  const minutes = yield* query(
    `DELETE FROM activity WHERE (bot_id, minute, connection_id, state, reason, node) IN (
       SELECT bot_id, minute, connection_id, state, reason, node FROM activity WHERE minute < $1 ORDER BY minute LIMIT $2
     ) RETURNING minute`,
    Math.floor((now - KEPT_MS) / 60_000),
    limit,
  );
  const states = yield* query(
    `DELETE FROM connection_states WHERE (bot_id, connection_id, node) IN (
       SELECT bot_id, connection_id, node FROM connection_states WHERE at < $1 ORDER BY at LIMIT $2
     ) RETURNING at`,
    now - KEPT_MS,
    limit,
  );
  return minutes.length + states.length;
}

const stateOf = (row: Row) => text(row, 'state') as FinalState;
