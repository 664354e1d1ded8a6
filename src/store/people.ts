import { identityKeys, type Person } from '../model/person.ts';
import { ADDRESSES, addressRow, IDENTITIES, lastBy, PEOPLE, PERSON, person, personRow } from './people-rows.ts';
import { indexTags } from './person-tags.ts';
import { execute, insertMany, query, type Row, type Steps, text } from './steps.ts';

const ADDRESS =
  'bot_id, person_id, connection_id, channel, connection_name, channel_id, reference, source, at, worked_at';

/** An import says all there is to say of a person, so identities it no longer names go; learnt addresses stay. */
export function* upsertPeople({ people }: { readonly people: readonly Person[] }): Steps<void> {
  if (people.length === 0) return;
  const latest = lastBy(people, (person) => `${person.botId}/${person.id}`);
  yield* indexTags(latest);
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
    `SELECT ${PERSON} FROM people WHERE bot_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
    request.botId,
    request.afterId,
    request.limit,
  );
  return yield* withAddresses(request.botId, rows);
}

export function* findPerson(request: { readonly botId: string; readonly personId: string }): Steps<Person | null> {
  const rows = yield* query(
    `SELECT ${PERSON} FROM people WHERE bot_id = $1 AND id = $2`,
    request.botId,
    request.personId,
  );
  const [person] = yield* withAddresses(request.botId, rows);
  return person ?? null;
}

export function* findPeople(request: {
  readonly botId: string;
  readonly personIds: readonly string[];
}): Steps<Person[]> {
  const rows = yield* query(
    `SELECT ${PERSON} FROM people WHERE bot_id = $1 AND id {any:text $2}`,
    request.botId,
    request.personIds,
  );
  return yield* withAddresses(request.botId, rows);
}

export function* deletePerson(request: { readonly botId: string; readonly personId: string }): Steps<boolean> {
  const { botId, personId: id } = request;
  yield* indexTags([{ botId, id, tags: [] }]);
  yield* execute('DELETE FROM addresses WHERE bot_id = $1 AND person_id = $2', botId, id);
  yield* execute('DELETE FROM identities WHERE bot_id = $1 AND person_id = $2', botId, id);
  const rows = yield* query('DELETE FROM people WHERE bot_id = $1 AND id = $2 RETURNING id', botId, id);
  return rows.length === 1;
}

function* withAddresses(botId: string, people: readonly Row[]): Steps<Person[]> {
  const ids = people.map((row) => text(row, 'id'));
  const rows = yield* query(
    `SELECT ${ADDRESS} FROM addresses WHERE bot_id = $1 AND person_id {any:text $2}`,
    botId,
    ids,
  );
  const byPerson = Map.groupBy(rows, (row) => text(row, 'person_id'));
  return people.map((row) => person(row, byPerson.get(text(row, 'id')) ?? []));
}
