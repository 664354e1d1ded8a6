import { AUDIENCE, move, type StoredAudience, storedAudience } from './audience-rows.ts';
import { countBacklog } from './backlogs.ts';
import { collect, exclude } from './collecting.ts';
import type { NotificationKey } from './port/notifications.ts';
import { execute, query, type Steps } from './steps.ts';

/** The audience that has waited longest gets its step; one in the hands of another process is passed over. */
export function* advanceAudience(step: { readonly at: number; readonly limit: number }): Steps<boolean> {
  const { at, limit } = step;
  const [row] = yield* query(`SELECT ${AUDIENCE} FROM audiences WHERE due_at <= $1 ORDER BY due_at LIMIT 1 {skip}`, at);
  if (row === undefined) return false;
  const audience = storedAudience(row);
  switch (audience.state) {
    case 'excluding':
      yield* exclude(audience, step);
      break;
    case 'collecting':
      yield* collect(audience, step);
      break;
    case 'planned':
      yield* move(audience, { state: 'dropping', at });
      break;
    case 'receiving':
      // Nobody has sealed it in time.
      yield* countBacklog(audience.botId, audience.suppressed - audience.recipients);
      yield* move(audience, { state: 'dropping', at });
      break;
    case 'dropping':
      if (!(yield* drop(audience, limit))) yield* move(audience, { state: 'clearing', at });
      break;
    case 'empty':
      yield* forgetTold(audience);
      yield* move(audience, { state: 'clearing', at });
      break;
    case 'clearing':
      yield* clear(audience, limit);
  }
  return true;
}

/** What lies there of an audience that was never sealed. False: nothing any more. */
function* drop(audience: StoredAudience, limit: number): Steps<boolean> {
  if (yield* deleteSome(audience, 'batches', 'batch_no', limit)) return true;
  return yield* deleteSome(audience, 'logs', 'seq', limit);
}

/** With whatever became a notification that goes with it; of this one nothing else is there. */
function* forgetTold({ botId, notificationId }: NotificationKey): Steps<void> {
  for (const table of ['callbacks', 'callback_watches'])
    yield* execute(`DELETE FROM ${table} WHERE bot_id = $1 AND notification_id = $2`, botId, notificationId);
}

/** What only served to build it. */
function* clear(audience: StoredAudience, limit: number): Steps<void> {
  if (yield* deleteSome(audience, 'audience_chunks', 'chunk', limit)) return;
  if (yield* deleteSome(audience, 'audience_members', 'member', limit)) return;
  if (yield* deleteSome(audience, 'audience_excluded', 'member', limit)) return;
  yield* execute('DELETE FROM audiences WHERE bot_id = $1 AND id = $2', audience.botId, audience.notificationId);
}

/** False: there is none left. */
function* deleteSome(
  { botId, notificationId }: NotificationKey,
  table: 'batches' | 'logs' | 'audience_chunks' | 'audience_members' | 'audience_excluded',
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
