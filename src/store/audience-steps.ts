import { countBacklog } from './backlogs.ts';
import type { NotificationKey } from './port/notifications.ts';
import { execute, int, query, type Row, type Steps, text } from './steps.ts';

interface Audience extends NotificationKey {
  readonly state: 'receiving' | 'dropping' | 'clearing';
  readonly outstanding: number;
  readonly progress: string;
}

/** The audience that has waited longest gets its step; one in the hands of another process is passed over. */
export function* advanceAudience({ at, limit }: { readonly at: number; readonly limit: number }): Steps<boolean> {
  const [row] = yield* query(
    `SELECT bot_id, id, state, recipients - suppressed AS outstanding, progress FROM audiences
     WHERE due_at <= $1 ORDER BY due_at LIMIT 1 {skip}`,
    at,
  );
  if (row === undefined) return false;
  const audience = audienceOf(row);
  switch (audience.state) {
    case 'receiving':
      // Nobody has sealed it in time.
      yield* countBacklog(audience.botId, -audience.outstanding);
      yield* move(audience, 'dropping', '', at);
      break;
    case 'dropping':
      if (!(yield* drop(audience, limit))) yield* move(audience, 'clearing', '', at);
      break;
    case 'clearing':
      yield* clear(audience, limit);
  }
  return true;
}

const audienceOf = (row: Row): Audience => ({
  botId: text(row, 'bot_id'),
  notificationId: text(row, 'id'),
  state: text(row, 'state') as Audience['state'],
  outstanding: int(row, 'outstanding'),
  progress: text(row, 'progress'),
});

function* move({ botId, notificationId }: Audience, state: Audience['state'], progress: string, at: number) {
  yield* execute(
    'UPDATE audiences SET state = $3, progress = $4, due_at = $5 WHERE bot_id = $1 AND id = $2',
    botId,
    notificationId,
    state,
    progress,
    at,
  );
}

/** What lies there of an audience that was never sealed. False: nothing any more. */
function* drop(audience: Audience, limit: number): Steps<boolean> {
  if (yield* deleteSome(audience, 'batches', 'batch_no', limit)) return true;
  return yield* deleteSome(audience, 'logs', 'seq', limit);
}

/** What only served to build it. */
function* clear(audience: Audience, limit: number): Steps<void> {
  if (yield* deleteSome(audience, 'audience_chunks', 'chunk', limit)) return;
  if (yield* deleteSome(audience, 'audience_members', 'member', limit)) return;
  yield* execute('DELETE FROM audiences WHERE bot_id = $1 AND id = $2', audience.botId, audience.notificationId);
}

/** False: there is none left. */
function* deleteSome(
  { botId, notificationId }: NotificationKey,
  table: 'batches' | 'logs' | 'audience_chunks' | 'audience_members',
  key: string,
  limit: number,
): Steps<boolean> {
  const rows = yield* query(
    `DELETE FROM ${table} WHERE bot_id = $1 AND notification_id = $2 AND ${key} IN (
       SELECT ${key} FROM ${table} WHERE bot_id = $1 AND notification_id = $2 ORDER BY ${key} LIMIT $3
     ) RETURNING ${key}`,
    botId,
    notificationId,
    limit,
  );
  return rows.length > 0;
}
