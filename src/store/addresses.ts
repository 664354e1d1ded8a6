import { personId } from '../model/ids.ts';
import { type About, identityKey } from '../model/person.ts';
import { ADDRESSES, addressRow, IDENTITIES, lastBy, PEOPLE, personRow } from './people-rows.ts';
import type {
  DropRequest,
  ForgottenAddress,
  LearnedAddress,
  Resolved,
  ResolvePeople,
  WorkedRequest,
} from './port/directory.ts';
import {
  execute,
  type InsertShape,
  insertMany,
  query,
  type Row,
  type Steps,
  text,
  textOrNull,
  type Value,
} from './steps.ts';

/** Someone met by a look-up before any import: the row is only made where none is. */
const STRANGERS: InsertShape = { ...PEOPLE, onConflict: 'ON CONFLICT DO NOTHING' };

/**
 * Look-ups by whole primary keys, one for each identity, spelled as subqueries: as joins, PostgreSQL plans them by its
 * statistics, and with those of a fresh table it compared everybody with everybody (500 ms for 1,000 recipients). An
 * address is one value, for every subquery is one more search; what may hold any character comes last in it.
 */
export function* resolve(request: ResolvePeople): Steps<Map<string, Resolved>> {
  const { about = false } = request;
  const rows = yield* query(
    `WITH known AS MATERIALIZED (
       SELECT wanted.identity AS identity,
         (SELECT i.person_id FROM identities i WHERE i.bot_id = $1 AND i.identity = wanted.identity) AS person_id
       FROM {list wanted(identity text) $3}
     )
     SELECT identity, person_id,
       ${about ? ABOUT : ''}
       (SELECT coalesce(CAST(a.worked_at AS TEXT), '') || $4 || coalesce(a.reference, '') || $4 || a.channel_id
        FROM addresses a
        WHERE a.bot_id = $1 AND a.person_id = known.person_id AND a.connection_id = $2) AS address
     FROM known WHERE person_id IS NOT NULL`,
    request.botId,
    request.connectionId,
    request.identities,
    SEPARATOR,
  );
  return new Map(
    rows.map((row) => [text(row, 'identity'), about ? { ...resolved(row), about: aboutOf(row) } : resolved(row)]),
  );
}

const ABOUT = `(SELECT coalesce(p.locale, '') || $4 || coalesce(p.time_zone, '') FROM people p
        WHERE p.bot_id = $1 AND p.id = known.person_id) AS about,`;

function aboutOf(row: Row): About {
  const [locale = '', timeZone = ''] = (textOrNull(row, 'about') ?? '').split(SEPARATOR);
  return { locale: locale || null, timeZone: timeZone || null };
}

/** Neither a number nor JSON ever holds it. */
const SEPARATOR = '\u001f';

function resolved(row: Row): Resolved {
  const personId = text(row, 'person_id');
  const joined = textOrNull(row, 'address');
  if (joined === null) return { personId, address: null, workedAt: null };
  const first = joined.indexOf(SEPARATOR);
  const second = joined.indexOf(SEPARATOR, first + 1);
  const reference = first + 1 === second ? null : JSON.parse(joined.slice(first + 1, second));
  const workedAt = first === 0 ? null : Number(joined.slice(0, first));
  return { personId, address: { channelId: joined.slice(second + 1), reference }, workedAt };
}

/** What was learnt last is kept, in whatever order it arrives. */
const LEARNED: InsertShape = { ...ADDRESSES, onConflict: `${ADDRESSES.onConflict} WHERE addresses.at <= excluded.at` };

/** Whose identity it is was settled before; what is learnt here does not take anybody's away. */
const NEW_IDENTITIES: InsertShape = { ...IDENTITIES, onConflict: 'ON CONFLICT DO NOTHING' };

export function* saveAddresses({ addresses }: { readonly addresses: readonly LearnedAddress[] }): Steps<void> {
  if (addresses.length === 0) return;
  const inOrder = addresses.toSorted((one, other) => one.at - other.at);
  const owners = yield* findOrMeet(inOrder);
  const rows = inOrder.map((learned) =>
    addressRow(learned.botId, ownerOf(learned, owners) ?? strangerId(learned), { ...learned, ...learned.address }),
  );
  yield* insertMany(
    LEARNED,
    lastBy(rows, ([botId, id, connection]) => `${botId}/${id}/${connection}`),
  );
}

/**
 * Whose identities they are: the owner of the first that is known, who is known by the others too from now on. Someone
 * unknown becomes a person with just these.
 */
function* findOrMeet(addresses: readonly LearnedAddress[]): Steps<Map<string, string>> {
  const rows = yield* query(
    `SELECT i.bot_id, i.identity, i.person_id FROM identities i
     WHERE (i.bot_id, i.identity) IN (SELECT a.bot_id, a.identity FROM {rows a(bot_id text, identity text) $1})`,
    addresses.flatMap(({ botId, ...learned }) => keysOf(learned).map((identity) => ({ bot_id: botId, identity }))),
  );
  const owners = new Map(
    rows.map((row) => [`${text(row, 'bot_id')}/${text(row, 'identity')}`, text(row, 'person_id')]),
  );
  const strangers = lastBy(addresses, strangerId).filter((learned) => ownerOf(learned, owners) === undefined);
  yield* insertMany(STRANGERS, strangers.map(strangerRow));
  const named = addresses.flatMap((learned) =>
    keysOf(learned).map((key) => [learned.botId, key, ownerOf(learned, owners) ?? strangerId(learned)]),
  );
  const missing = named.filter(([botId, key]) => !owners.has(`${botId}/${key}`));
  yield* insertMany(
    NEW_IDENTITIES,
    lastBy(missing, ([botId, key]) => `${botId}/${key}`),
  );
  return owners;
}

export function* forgetAddresses({ addresses }: { readonly addresses: readonly ForgottenAddress[] }): Steps<void> {
  for (const forgotten of addresses) {
    yield* execute(
      'DELETE FROM addresses WHERE bot_id = $1 AND person_id = $2 AND connection_id = $3 AND channel_id = $4',
      forgotten.botId,
      forgotten.personId,
      forgotten.connectionId,
      forgotten.channelId,
    );
  }
}

export function* dropAddresses(request: DropRequest): Steps<void> {
  yield* execute(
    `DELETE FROM addresses WHERE bot_id = $1 AND connection_id = $2 AND at <= $4 AND person_id IN (
       SELECT i.person_id FROM identities i WHERE i.bot_id = $1 AND i.identity {any:text $3}
     )`,
    request.botId,
    request.connectionId,
    request.identities.map(identityKey),
    request.until,
  );
}

export function* markWorked({ addresses, at }: WorkedRequest): Steps<void> {
  if (addresses.length === 0) return;
  yield* execute(
    `UPDATE addresses SET worked_at = $2 WHERE (bot_id, person_id, connection_id) IN (
       SELECT w.bot_id, w.person_id, w.connection_id
       FROM {rows w(bot_id text, person_id text, connection_id text) $1}
     )`,
    addresses.map(({ botId, personId, connectionId }) => ({
      bot_id: botId,
      person_id: personId,
      connection_id: connectionId,
    })),
    at,
  );
}

type Named = Pick<LearnedAddress, 'identity' | 'alsoKnownAs'>;

const keysOf = ({ identity, alsoKnownAs = [] }: Named): string[] => [
  ...new Set([identity, ...alsoKnownAs].map(identityKey)),
];

function ownerOf(learned: LearnedAddress, owners: ReadonlyMap<string, string>): string | undefined {
  const known = keysOf(learned).find((key) => owners.has(`${learned.botId}/${key}`));
  return known === undefined ? undefined : owners.get(`${learned.botId}/${known}`);
}

const strangerId = (learned: LearnedAddress): string => personId(learned.botId, identityKey(learned.identity));

function strangerRow(learned: LearnedAddress): Value[] {
  const names = [learned.identity, ...(learned.alsoKnownAs ?? [])];
  const email = names.find((name) => name.includes('@')) ?? null;
  return personRow({
    botId: learned.botId,
    id: strangerId(learned),
    email,
    upn: null,
    phone: null,
    identities: names.filter((name) => name !== email),
    name: null,
    locale: null,
    timeZone: null,
    tags: [],
    attributes: {},
    addresses: [],
  });
}
