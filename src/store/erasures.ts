import type { Erased } from '../model/erasure.ts';
import { identityKey, identityKeys } from '../model/person.ts';
import { eraseLedger } from './erase-ledger.ts';
import { eraseQueued } from './erase-queue.ts';
import { eraseTexts } from './erase-texts.ts';
import { deletePerson, findPeople } from './people.ts';
import type { EraseRequest, Erasure, ErasureKey } from './port/erasures.ts';
import { hashSilences } from './silences.ts';
import { execute, int, intOrNull, query, type Row, type Steps, text } from './steps.ts';

/*
 * An erasure goes through all that a bot has, a stretch in each transaction, and asks for no index: whoever sends pays
 * nothing for it. First what waits, so that no log of them is written any more; then the logs; then texts. Its row holds
 * whom it looks for until it is over, and whoever retries or amends meanwhile leaves those out.
 */

/** What one step did: how far it came, and null where there is no more of its kind. */
export interface Stretch {
  readonly place: string | null;
  readonly looked: number;
  readonly erased: number;
}

export interface ErasureStep {
  readonly botId: string;
  readonly erased: Erased;
  /** Where the step before ended; empty: at the beginning. */
  readonly place: string;
  readonly at: number;
}

const STAGES = [eraseQueued, eraseLedger, eraseTexts] as const;

export function* erase({ botId, erasureId, who, at }: EraseRequest): Steps<boolean> {
  const erased = yield* namesOf(botId, who);
  if (erased === null) return false;
  yield* forgetPerson(botId, erased);
  yield* hashSilences(botId, erased.names);
  yield* execute(
    `INSERT INTO erasures (bot_id, id, names, stage, place, looked, erased, created_at)
     VALUES ($1, $2, $3, 0, '', 0, 0, $4)`,
    botId,
    erasureId,
    JSON.stringify(erased),
    at,
  );
  return true;
}

/** All that somebody is called by in the directory. Null: it knows nobody of this id. */
function* namesOf(botId: string, who: EraseRequest['who']): Steps<Erased | null> {
  const named = 'identity' in who ? [identityKey(who.identity)] : [];
  const personId = 'identity' in who ? yield* findByIdentity(botId, named) : who.personId;
  const [person] = personId === null ? [] : yield* findPeople({ botId, personIds: [personId] });
  if (person === undefined) return named.length === 0 ? null : { personId, names: named };
  const channelIds = person.addresses.map(({ channelId }) => identityKey(channelId));
  return { personId, names: [...new Set([...named, ...identityKeys(person), ...channelIds])] };
}

function* findByIdentity(botId: string, names: readonly string[]): Steps<string | null> {
  const [row] = yield* query(
    'SELECT person_id FROM identities WHERE bot_id = $1 AND identity {any:text $2}',
    botId,
    names,
  );
  return row === undefined ? null : text(row, 'person_id');
}

function* forgetPerson(botId: string, { personId, names }: Erased): Steps<void> {
  const known = personId ?? (yield* findByIdentity(botId, names));
  if (known === null) return;
  yield* deletePerson({ botId, personId: known });
  yield* execute('DELETE FROM opt_outs WHERE bot_id = $1 AND person_id = $2', botId, known);
}

export function* findErasure({ botId, erasureId }: ErasureKey): Steps<Erasure | null> {
  const [row] = yield* query(
    'SELECT looked, erased, created_at, finished_at FROM erasures WHERE bot_id = $1 AND id = $2',
    botId,
    erasureId,
  );
  if (row === undefined) return null;
  return {
    looked: int(row, 'looked'),
    erased: int(row, 'erased'),
    createdAt: int(row, 'created_at'),
    finishedAt: intOrNull(row, 'finished_at'),
  };
}

/** Whoever is being erased from a bot just now. */
export function* listBeingErased(botId: string): Steps<Erased[]> {
  const rows = yield* query(
    'SELECT names FROM erasures WHERE bot_id = $1 AND finished_at IS NULL AND names IS NOT NULL',
    botId,
  );
  return rows.map(erasedOf);
}

// Written by `erase` only.
const erasedOf = (row: Row): Erased => JSON.parse(text(row, 'names'));

/** Whether there is one that is not over, and one of which only a log ahead of the database's file may still hold anything. */
export function* findOpen(): Steps<{ readonly isAny: boolean; readonly isAnyWiped: boolean }> {
  const [row] = yield* query('SELECT count(*) AS open, count(names) AS named FROM erasures WHERE finished_at IS NULL');
  const [open, named] = row === undefined ? [0, 0] : [int(row, 'open'), int(row, 'named')];
  return { isAny: open > 0, isAnyWiped: named < open };
}

/** They are over whose names are gone. */
export function* endWiped({ at }: { readonly at: number }): Steps<void> {
  yield* execute('UPDATE erasures SET finished_at = $1 WHERE finished_at IS NULL AND names IS NULL', at);
}

const ERASURES_PER_LOOK = 10;

/** An erasure in the hands of another process is passed over, and one that has to wait for a worker. */
export function* goOnErasing({ at }: { readonly at: number }): Steps<number> {
  const rows = yield* query(
    `SELECT bot_id, id, names, stage, place FROM erasures WHERE finished_at IS NULL AND names IS NOT NULL
     ORDER BY bot_id, id LIMIT $1 {skip}`,
    ERASURES_PER_LOOK,
  );
  for (const row of rows) {
    const looked = yield* goOn(row, at);
    if (looked > 0) return looked;
  }
  return 0;
}

/** One step. Answers at least 1 where it did not wait. */
function* goOn(row: Row, at: number): Steps<number> {
  const [botId, stage, place] = [text(row, 'bot_id'), int(row, 'stage'), text(row, 'place')];
  const erased = erasedOf(row);
  const step = STAGES[stage];
  if (step === undefined) {
    // A worker that held something of them may have learnt where they are once more.
    yield* forgetPerson(botId, erased);
    yield* hashSilences(botId, erased.names);
    yield* execute('UPDATE erasures SET names = NULL WHERE bot_id = $1 AND id = $2', botId, text(row, 'id'));
    return 1;
  }
  const stretch = yield* step({ botId, erased, place, at });
  const isOver = stretch.place === null;
  const hasMoved = stretch.place !== place;
  yield* execute(
    'UPDATE erasures SET stage = $3, place = $4, looked = looked + $5, erased = erased + $6 WHERE bot_id = $1 AND id = $2',
    botId,
    text(row, 'id'),
    isOver ? stage + 1 : stage,
    stretch.place ?? '',
    stretch.looked,
    stretch.erased,
  );
  return hasMoved ? Math.max(1, stretch.looked) : 0;
}
