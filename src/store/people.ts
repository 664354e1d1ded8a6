import { personId } from '../model/ids.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { Address } from '../model/outcome.ts';
import { type AddressSource, identityKey, identityKeys, type Person, type PersonAddress } from '../model/person.ts';
import type { ForgottenAddress, LearnedAddress, Resolved, ResolveRequest } from './port.ts';
import {
  execute,
  type InsertShape,
  insertMany,
  int,
  query,
  type Row,
  type Steps,
  text,
  textOrNull,
  type Value,
} from './steps.ts';

const PEOPLE: InsertShape = {
  table: 'people',
  columns: {
    bot_id: 'text',
    id: 'text',
    email: 'text',
    upn: 'text',
    phone: 'text',
    identities: 'text',
    name: 'text',
    locale: 'text',
    time_zone: 'text',
    tags: 'text',
    attributes: 'text',
  },
  onConflict: `ON CONFLICT (bot_id, id) DO UPDATE SET email = excluded.email, upn = excluded.upn, phone = excluded.phone,
    identities = excluded.identities, name = excluded.name, locale = excluded.locale, time_zone = excluded.time_zone,
    tags = excluded.tags, attributes = excluded.attributes`,
};

/** Someone met by a look-up before any import: the row is only made where none is. */
const STRANGERS: InsertShape = { ...PEOPLE, onConflict: 'ON CONFLICT DO NOTHING' };

const IDENTITIES: InsertShape = {
  table: 'identities',
  columns: { bot_id: 'text', identity: 'text', person_id: 'text' },
  onConflict: 'ON CONFLICT (bot_id, identity) DO UPDATE SET person_id = excluded.person_id',
};

const ADDRESSES: InsertShape = {
  table: 'addresses',
  columns: {
    bot_id: 'text',
    person_id: 'text',
    connection_id: 'text',
    channel: 'text',
    connection_name: 'text',
    channel_id: 'text',
    reference: 'text',
    source: 'text',
    at: 'int',
  },
  onConflict: `ON CONFLICT (bot_id, person_id, connection_id) DO UPDATE SET channel_id = excluded.channel_id,
    reference = excluded.reference, source = excluded.source, at = excluded.at`,
};

/**
 * Look-ups by whole primary keys, one for each identity, spelled as subqueries: as joins, PostgreSQL plans them by its
 * statistics, and with those of a fresh table it compared everybody with everybody (500 ms for 1,000 recipients).
 */
export function* resolve(request: ResolveRequest): Steps<Map<string, Resolved>> {
  const rows = yield* query(
    `WITH known AS MATERIALIZED (
       SELECT wanted.identity AS identity,
         (SELECT i.person_id FROM identities i WHERE i.bot_id = $1 AND i.identity = wanted.identity) AS person_id
       FROM {list wanted(identity text) $3}
     )
     SELECT identity, person_id,
       (SELECT a.channel_id FROM addresses a
        WHERE a.bot_id = $1 AND a.person_id = known.person_id AND a.connection_id = $2) AS channel_id,
       (SELECT a.reference FROM addresses a
        WHERE a.bot_id = $1 AND a.person_id = known.person_id AND a.connection_id = $2) AS reference
     FROM known WHERE person_id IS NOT NULL`,
    request.botId,
    request.connectionId,
    request.identities,
  );
  return new Map(
    rows.map((row) => [text(row, 'identity'), { personId: text(row, 'person_id'), address: address(row) }]),
  );
}

/** An import says all there is to say of a person, so identities it no longer names go; learnt addresses stay. */
export function* upsertPeople({ people }: { readonly people: readonly Person[] }): Steps<void> {
  if (people.length === 0) return;
  const latest = lastBy(people, (person) => `${person.botId}/${person.id}`);
  yield* insertMany(PEOPLE, latest.map(personRow));
  yield* execute(
    `DELETE FROM identities WHERE (bot_id, person_id) IN (
       SELECT p.bot_id, p.person_id FROM {rows p(bot_id text, person_id text) $1}
     )`,
    latest.map((person) => ({ bot_id: person.botId, person_id: person.id })),
  );
  const identities = latest.flatMap((person) => identityKeys(person).map((key) => [person.botId, key, person.id]));
  yield* insertMany(
    IDENTITIES,
    lastBy(identities, ([botId, key]) => `${botId}/${key}`),
  );
  const addresses = latest.flatMap((person) =>
    person.addresses.map((entry) => addressRow(person.botId, person.id, entry)),
  );
  yield* insertMany(
    ADDRESSES,
    lastBy(addresses, ([botId, id, connection]) => `${botId}/${id}/${connection}`),
  );
}

export function* listPeople(request: {
  readonly botId: string;
  readonly afterId: string;
  readonly limit: number;
}): Steps<Person[]> {
  const rows = yield* query(
    'SELECT * FROM people WHERE bot_id = $1 AND id > $2 ORDER BY id LIMIT $3',
    request.botId,
    request.afterId,
    request.limit,
  );
  return yield* withAddresses(request.botId, rows);
}

export function* findPerson(request: { readonly botId: string; readonly personId: string }): Steps<Person | null> {
  const rows = yield* query('SELECT * FROM people WHERE bot_id = $1 AND id = $2', request.botId, request.personId);
  const [person] = yield* withAddresses(request.botId, rows);
  return person ?? null;
}

export function* deletePerson(request: { readonly botId: string; readonly personId: string }): Steps<boolean> {
  const { botId, personId: id } = request;
  yield* execute('DELETE FROM addresses WHERE bot_id = $1 AND person_id = $2', botId, id);
  yield* execute('DELETE FROM identities WHERE bot_id = $1 AND person_id = $2', botId, id);
  const rows = yield* query('DELETE FROM people WHERE bot_id = $1 AND id = $2 RETURNING id', botId, id);
  return rows.length === 1;
}

export function* saveAddresses({ addresses }: { readonly addresses: readonly LearnedAddress[] }): Steps<void> {
  if (addresses.length === 0) return;
  const owners = yield* findOrMeet(addresses);
  const rows = addresses.map((learned) =>
    addressRow(learned.botId, owners.get(identityOf(learned)) ?? strangerId(learned), {
      ...learned,
      ...learned.address,
    }),
  );
  yield* insertMany(
    ADDRESSES,
    lastBy(rows, ([botId, id, connection]) => `${botId}/${id}/${connection}`),
  );
}

/** Whose identity it is; someone unknown becomes a person with that one identity. */
function* findOrMeet(addresses: readonly LearnedAddress[]): Steps<Map<string, string>> {
  const rows = yield* query(
    `SELECT i.bot_id, i.identity, i.person_id FROM identities i
     WHERE (i.bot_id, i.identity) IN (SELECT a.bot_id, a.identity FROM {rows a(bot_id text, identity text) $1})`,
    addresses.map((learned) => ({ bot_id: learned.botId, identity: identityKey(learned.identity) })),
  );
  const owners = new Map(
    rows.map((row) => [`${text(row, 'bot_id')}/${text(row, 'identity')}`, text(row, 'person_id')]),
  );
  const strangers = lastBy(addresses, identityOf).filter((learned) => !owners.has(identityOf(learned)));
  yield* insertMany(STRANGERS, strangers.map(strangerRow));
  yield* insertMany(
    IDENTITIES,
    strangers.map((learned) => [learned.botId, identityKey(learned.identity), strangerId(learned)]),
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

function* withAddresses(botId: string, people: readonly Row[]): Steps<Person[]> {
  const ids = people.map((row) => text(row, 'id'));
  const rows = yield* query('SELECT * FROM addresses WHERE bot_id = $1 AND person_id {any:text $2}', botId, ids);
  const byPerson = Map.groupBy(rows, (row) => text(row, 'person_id'));
  return people.map((row) => person(row, byPerson.get(text(row, 'id')) ?? []));
}

function person(row: Row, addresses: readonly Row[]): Person {
  return {
    botId: text(row, 'bot_id'),
    id: text(row, 'id'),
    email: textOrNull(row, 'email'),
    upn: textOrNull(row, 'upn'),
    phone: textOrNull(row, 'phone'),
    identities: texts(text(row, 'identities')),
    name: textOrNull(row, 'name'),
    locale: textOrNull(row, 'locale'),
    timeZone: textOrNull(row, 'time_zone'),
    tags: texts(text(row, 'tags')),
    attributes: object(text(row, 'attributes')),
    addresses: addresses.flatMap(personAddress),
  };
}

function personAddress(row: Row): PersonAddress[] {
  const where = address(row);
  if (where === null) return [];
  return [
    {
      ...where,
      connectionId: text(row, 'connection_id'),
      channel: text(row, 'channel'),
      connectionName: textOrNull(row, 'connection_name'),
      source: text(row, 'source') as AddressSource,
      at: int(row, 'at'),
    },
  ];
}

function address(row: Row): Address | null {
  const channelId = textOrNull(row, 'channel_id');
  if (channelId === null) return null;
  const reference = textOrNull(row, 'reference');
  return { channelId, reference: reference === null ? null : JSON.parse(reference) };
}

function personRow(entry: Person): Value[] {
  return [
    entry.botId,
    entry.id,
    entry.email,
    entry.upn,
    entry.phone,
    JSON.stringify(entry.identities),
    entry.name,
    entry.locale,
    entry.timeZone,
    JSON.stringify(entry.tags),
    JSON.stringify(entry.attributes),
  ];
}

function addressRow(botId: string, id: string, entry: PersonAddress): Value[] {
  return [
    botId,
    id,
    entry.connectionId,
    entry.channel,
    entry.connectionName,
    entry.channelId,
    entry.reference === null ? null : JSON.stringify(entry.reference),
    entry.source,
    entry.at,
  ];
}

const identityOf = (learned: LearnedAddress): string => `${learned.botId}/${identityKey(learned.identity)}`;

const strangerId = (learned: LearnedAddress): string => personId(learned.botId, identityKey(learned.identity));

function strangerRow(learned: LearnedAddress): Value[] {
  const email = learned.identity.includes('@') ? learned.identity : null;
  const identities = email === null ? [learned.identity] : [];
  return [
    learned.botId,
    strangerId(learned),
    email,
    null,
    null,
    JSON.stringify(identities),
    null,
    null,
    null,
    '[]',
    '{}',
  ];
}

/** The last entry of each key: one INSERT … ON CONFLICT may not meet the same key twice on PostgreSQL. */
function lastBy<T>(entries: readonly T[], key: (entry: T) => string): T[] {
  return [...new Map(entries.map((entry) => [key(entry), entry])).values()];
}

function texts(value: string): string[] {
  const list: Json = JSON.parse(value);
  return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : [];
}

function object(value: string): Person['attributes'] {
  const parsed: Json = JSON.parse(value);
  return isJsonObject(parsed) ? parsed : {};
}
