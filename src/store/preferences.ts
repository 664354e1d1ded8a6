import { personId } from '../model/ids.ts';
import { identityKey } from '../model/person.ts';
import type { DeclineRequest, OptedOutRequest, OptOut, PreferencesRequest } from './port/directory.ts';
import { execute, type InsertShape, insertMany, query, type Steps, text } from './steps.ts';

/** Of every channel. */
const ANY = '';

const OPT_OUTS: InsertShape = {
  table: 'opt_outs',
  columns: { bot_id: 'text', person_id: 'text', category: 'text', channel: 'text', at: 'int' },
  onConflict: 'ON CONFLICT DO NOTHING',
};

/** Who says it again means it anew. */
const DECLINED: InsertShape = {
  ...OPT_OUTS,
  onConflict: `ON CONFLICT (bot_id, person_id, category, channel) DO UPDATE SET at = excluded.at
    WHERE opt_outs.at < excluded.at`,
};

/** All there is to say of a person: what is not named any more goes. */
export function* setPreferences({ botId, personId, optOuts, at }: PreferencesRequest): Steps<void> {
  yield* execute('DELETE FROM opt_outs WHERE bot_id = $1 AND person_id = $2', botId, personId);
  yield* insertMany(
    OPT_OUTS,
    optOuts.map(({ category, channel }) => [botId, personId, category, channel ?? ANY, at]),
  );
}

export function* decline(request: DeclineRequest): Steps<void> {
  const { botId, channel, category, at } = request;
  yield* insertMany(DECLINED, [[botId, yield* whoIs(request), category, channel, at]]);
}

export function* takeBackDecline(request: DeclineRequest): Steps<void> {
  const { botId, channel, category, saidAt } = request;
  yield* execute(
    'DELETE FROM opt_outs WHERE bot_id = $1 AND person_id = $2 AND category = $3 AND channel = $4 AND at <= $5',
    // Where the provider tells no time, what came later was said later.
    ...[botId, yield* whoIs(request), category, channel, saidAt ?? Number.MAX_SAFE_INTEGER],
  );
}

/** The id of whoever has these names. */
function* whoIs({ botId, identities }: Pick<DeclineRequest, 'botId' | 'identities'>): Steps<string> {
  const names = identities.map(identityKey);
  const rows = yield* query(
    'SELECT identity, person_id FROM identities WHERE bot_id = $1 AND identity {any:text $2}',
    botId,
    names,
  );
  const owners = new Map(rows.map((row) => [text(row, 'identity'), text(row, 'person_id')]));
  const known = names.find((name) => owners.has(name));
  // Of somebody unknown the id they would get, by which a send asks.
  return owners.get(known ?? '') ?? personId(botId, identityKey(identities[0]));
}

export function* listPreferences(request: { readonly botId: string; readonly personId: string }): Steps<OptOut[]> {
  const rows = yield* query(
    'SELECT category, channel FROM opt_outs WHERE bot_id = $1 AND person_id = $2 ORDER BY category, channel',
    request.botId,
    request.personId,
  );
  return rows.map((row) => ({ category: text(row, 'category'), channel: text(row, 'channel') || null }));
}

export function* listOptedOut({ botId, category, channel, personIds }: OptedOutRequest): Steps<string[]> {
  const rows = yield* query(
    `SELECT DISTINCT person_id FROM opt_outs
     WHERE bot_id = $1 AND person_id {any:text $2} AND category = $3 AND (channel = $4 OR channel = '')`,
    botId,
    personIds,
    category,
    channel,
  );
  return rows.map((row) => text(row, 'person_id'));
}
