import { hash } from 'node:crypto';
import type { Word } from '../model/news.ts';
import { identityKey } from '../model/person.ts';
import type {
  LiftRequest,
  ResolveRequest,
  Silence,
  SilencePage,
  SilenceReason,
  SilenceRequest,
} from './port/directory.ts';
import {
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
 * Of two words that the provider dated, the one it dated later counts. A word without a time of the provider's counts
 * whenever it comes, whatever our clocks say, and a little is added to the time that stands there: what the provider
 * tells again was said before.
 */
const SILENCES: InsertShape = {
  table: 'silences',
  columns: {
    bot_id: 'text',
    connection_id: 'text',
    identity: 'text',
    reason: 'text',
    detail: 'text',
    at: 'int',
    said_at: 'int',
  },
  onConflict: `ON CONFLICT (bot_id, connection_id, identity) DO UPDATE SET reason = excluded.reason,
    detail = excluded.detail, at = excluded.at, said_at = COALESCE(excluded.said_at, silences.said_at + 1)
    WHERE excluded.said_at IS NULL OR silences.said_at IS NULL OR silences.said_at <= excluded.said_at`,
};

/*
 * Somebody who was erased stays silenced, under a hash: nobody can read who it is, and whoever is about to write to an
 * identity can find out. Where a bot has none of these, that costs a look into an index.
 */
const HASHED = { prefix: 'sha256:', end: 'sha256;' } as const;

const hashed = (botId: string, identity: string): string =>
  HASHED.prefix + hash('sha256', JSON.stringify([botId, identity]));

/** What is kept of these is that they are silenced; that somebody is welcome again goes with them. */
export function* hashSilences(botId: string, names: readonly string[]): Steps<void> {
  const connections = yield* query('SELECT DISTINCT connection_id FROM silences WHERE bot_id = $1', botId);
  for (const row of connections) {
    const gone = yield* query(
      `DELETE FROM silences WHERE bot_id = $1 AND connection_id = $2 AND identity {any:text $3}
       RETURNING identity, reason, at, said_at`,
      botId,
      text(row, 'connection_id'),
      names,
    );
    yield* insertMany(
      SILENCES,
      gone
        .filter(({ reason }) => reason !== null)
        .map((one) => [
          ...[botId, text(row, 'connection_id'), hashed(botId, text(one, 'identity'))],
          ...[text(one, 'reason'), null, int(one, 'at'), intOrNull(one, 'said_at')],
        ]),
    );
  }
}

export function* silence({ botId, connectionId, entries }: SilenceRequest): Steps<void> {
  yield* forgetHashed({ botId, connectionId, identities: entries.map(({ identity }) => identityKey(identity)) });
  const latest = new Map<string, (typeof entries)[number]>();
  for (const word of entries) {
    const key = identityKey(word.identity);
    if (isLater(word, latest.get(key))) latest.set(key, word);
  }
  yield* insertMany(
    SILENCES,
    [...latest].map(([identity, { reason, detail, at, saidAt = null }]) => [
      ...[botId, connectionId, identity],
      ...[reason, detail, at, saidAt],
    ]),
  );
}

/** `word` came after `other`. */
const isLater = (word: Word, other: Word | undefined): boolean =>
  word.saidAt === undefined || other?.saidAt === undefined || other.saidAt <= word.saidAt;

/** They have said something anew since they were erased. */
function* forgetHashed({ botId, connectionId, identities }: ResolveRequest): Steps<number> {
  const rows = yield* query(
    'DELETE FROM silences WHERE bot_id = $1 AND connection_id = $2 AND identity {any:text $3} RETURNING identity',
    botId,
    connectionId,
    identities.map((identity) => hashed(botId, identity)),
  );
  return rows.length;
}

/** Holds whosever clock the word was dated by that it takes back; a word that comes after it counts again. */
export function* liftSilence({ botId, connectionId, identity, at }: LiftRequest): Steps<boolean> {
  const lifted = yield* query(
    `UPDATE silences SET reason = NULL, detail = NULL, at = $4, said_at = said_at + 1
     WHERE bot_id = $1 AND connection_id = $2 AND identity = $3 AND reason IS NOT NULL RETURNING identity`,
    botId,
    connectionId,
    identityKey(identity),
    at,
  );
  return lifted.length + (yield* forgetHashed({ botId, connectionId, identities: [identityKey(identity)] })) > 0;
}

export function* listSilenced({ botId, connectionId, identities }: ResolveRequest): Steps<Map<string, SilenceReason>> {
  const rows = yield* query(
    `SELECT identity, reason FROM silences
     WHERE bot_id = $1 AND connection_id = $2 AND identity {any:text $3} AND reason IS NOT NULL
     UNION ALL SELECT NULL, NULL WHERE EXISTS (SELECT 1 FROM silences
       WHERE bot_id = $1 AND connection_id = $2 AND identity > '${HASHED.prefix}' AND identity < '${HASHED.end}')`,
    botId,
    connectionId,
    identities,
  );
  const found = new Map<string, SilenceReason>();
  for (const row of rows) if (row['identity'] !== null) found.set(text(row, 'identity'), reasonOf(row));
  return found.size === rows.length
    ? found
    : new Map([...found, ...(yield* listHashed({ botId, connectionId, identities }))]);
}

function* listHashed({ botId, connectionId, identities }: ResolveRequest): Steps<Map<string, SilenceReason>> {
  const byHash = new Map(identities.map((identity) => [hashed(botId, identity), identity]));
  const rows = yield* query(
    'SELECT identity, reason FROM silences WHERE bot_id = $1 AND connection_id = $2 AND identity {any:text $3}',
    botId,
    connectionId,
    [...byHash.keys()],
  );
  return new Map(rows.map((row) => [byHash.get(text(row, 'identity')) ?? '', reasonOf(row)]));
}

export function* listSilences({ botId, connectionId, afterIdentity, limit }: SilencePage): Steps<Silence[]> {
  const rows = yield* query(
    `SELECT identity, reason, detail, at FROM silences
     WHERE bot_id = $1 AND connection_id = $2 AND identity > $3 AND reason IS NOT NULL ORDER BY identity LIMIT $4`,
    botId,
    connectionId,
    afterIdentity,
    limit,
  );
  return rows.map((row) => ({
    identity: text(row, 'identity'),
    reason: reasonOf(row),
    detail: textOrNull(row, 'detail'),
    at: int(row, 'at'),
  }));
}

// Typed when it was written; the database is ours alone.
const reasonOf = (row: Row): SilenceReason => text(row, 'reason') as SilenceReason;
