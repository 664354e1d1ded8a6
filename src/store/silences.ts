import { identityKey } from '../model/person.ts';
import { lastBy } from './people-rows.ts';
import type {
  LiftRequest,
  ResolveRequest,
  Silence,
  SilencePage,
  SilenceReason,
  SilenceRequest,
} from './port/directory.ts';
import { type InsertShape, insertMany, int, query, type Row, type Steps, text, textOrNull } from './steps.ts';

const SILENCES: InsertShape = {
  table: 'silences',
  columns: { bot_id: 'text', connection_id: 'text', identity: 'text', reason: 'text', detail: 'text', at: 'int' },
  onConflict: `ON CONFLICT (bot_id, connection_id, identity) DO UPDATE SET reason = excluded.reason,
    detail = excluded.detail, at = excluded.at WHERE silences.at <= excluded.at`,
};

export function* silence({ botId, connectionId, entries }: SilenceRequest): Steps<void> {
  const rows = entries
    .toSorted((one, other) => one.at - other.at)
    .map(({ identity, reason, detail, at }) => [botId, connectionId, identityKey(identity), reason, detail, at]);
  yield* insertMany(
    SILENCES,
    lastBy(rows, ([, , identity]) => String(identity)),
  );
}

/** Never dated before the word it takes back, so that it holds whosever clock that word was dated by. */
export function* liftSilence({ botId, connectionId, identity, at }: LiftRequest): Steps<boolean> {
  const lifted = yield* query(
    `UPDATE silences SET reason = NULL, detail = NULL, at = CASE WHEN at > $4 THEN at ELSE $4 END
     WHERE bot_id = $1 AND connection_id = $2 AND identity = $3 AND reason IS NOT NULL RETURNING identity`,
    botId,
    connectionId,
    identityKey(identity),
    at,
  );
  return lifted.length > 0;
}

export function* listSilenced({ botId, connectionId, identities }: ResolveRequest): Steps<Map<string, SilenceReason>> {
  const rows = yield* query(
    `SELECT identity, reason FROM silences
     WHERE bot_id = $1 AND connection_id = $2 AND identity {any:text $3} AND reason IS NOT NULL`,
    botId,
    connectionId,
    identities,
  );
  return new Map(rows.map((row) => [text(row, 'identity'), reasonOf(row)]));
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
