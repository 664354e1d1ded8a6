import type { Person } from '../model/person.ts';
import { findPeople } from './people.ts';
import type { FoundPeople, PeopleSearch } from './port/directory.ts';
import { query, type Steps, text } from './steps.ts';

/*
 * Whose name begins with something, by name, and then who has an identity that does, by identity. Both are stretches of
 * an index, so a page costs the same wherever it begins and however many there are.
 */

type Place = NonNullable<PeopleSearch['after']>;

/** A stretch of one of the two indexes: keys from `from` on that begin with it. */
interface Stretch {
  readonly by: Place['by'];
  readonly from: string;
}

/** Who is found by name is not found again by identity, nor by a second identity, so a page may be short. */
export function* searchPeople({ botId, prefix, after, limit }: PeopleSearch): Steps<FoundPeople> {
  const stretches = stretchesOf(prefix);
  const places: Place[] = [];
  for (const stretch of stretches) {
    if (places.length > limit) break;
    places.push(...(yield* listPlaces(botId, stretch, after, limit + 1 - places.length)));
  }
  const page = places.slice(0, limit);
  const next = places.length > limit ? (page.at(-1) ?? null) : null;
  return { people: yield* whoIsAt(botId, page, stretches), next };
}

function* listPlaces(botId: string, { by, from }: Stretch, after: Place | null, limit: number): Steps<Place[]> {
  const isPast = after !== null && (after.by === by ? after.key >= endOf(from) : after.by === 'identity');
  if (isPast) return [];
  const goesOn = after !== null && after.by === by && after.key >= from;
  const rows = yield* query(
    by === 'name' ? BY_NAME : BY_IDENTITY,
    botId,
    goesOn ? after.key : from,
    endOf(from),
    goesOn ? after.personId : '',
    limit,
  );
  return rows.map((row) => ({ by, key: text(row, 'key'), personId: text(row, 'person_id') }));
}

/** Two stretches, for SQLite would walk over all people of one name to go on among them. */
const BY_NAME = `SELECT * FROM (
    SELECT lower(name) AS key, id AS person_id FROM people
    WHERE bot_id = $1 AND name IS NOT NULL AND lower(name) = $2 AND id > $4 ORDER BY id LIMIT $5
  ) AS same UNION ALL SELECT * FROM (
    SELECT lower(name) AS key, id AS person_id FROM people
    WHERE bot_id = $1 AND name IS NOT NULL AND lower(name) > $2 AND lower(name) < $3 ORDER BY lower(name), id LIMIT $5
  ) AS others ORDER BY key, person_id LIMIT $5`;
const BY_IDENTITY = `SELECT identity AS key, person_id FROM identities
  WHERE bot_id = $1 AND identity >= $2 AND identity < $3 AND (identity > $2 OR $4 = '')
  ORDER BY identity LIMIT $5`;

function* whoIsAt(botId: string, places: readonly Place[], stretches: readonly Stretch[]): Steps<Person[]> {
  const personIds = [...new Set(places.map(({ personId }) => personId))];
  if (personIds.length === 0) return [];
  const people = new Map((yield* findPeople({ botId, personIds })).map((person) => [person.id, person]));
  const rows = yield* query(
    // By person first: for the order of identities alone SQLite would go through those of the whole bot.
    'SELECT person_id, identity FROM identities WHERE bot_id = $1 AND person_id {any:text $2} ORDER BY person_id, identity',
    botId,
    personIds,
  );
  const fits = (by: Place['by'], key: string) => stretches.some((one) => one.by === by && key.startsWith(one.from));
  const firsts = new Map<string, string>();
  for (const row of rows) {
    const [personId, identity] = [text(row, 'person_id'), text(row, 'identity')];
    if (fits('identity', identity) && !firsts.has(personId)) firsts.set(personId, identity);
  }
  return places.flatMap(({ by, key, personId }) => {
    const person = people.get(personId);
    const isAgain = by === 'identity' && (fits('name', lower(person?.name ?? '')) || firsts.get(personId) !== key);
    return person === undefined || isAgain ? [] : [person];
  });
}

/**
 * Both databases fold A to Z and nothing else, so a name is looked for as typed and as names are written. Identities are
 * kept in the form of `identityKey`, which a beginning does not show yet.
 */
function stretchesOf(prefix: string): Stretch[] {
  const title = prefix.replace(/(^|[\s'-])(\p{L})/gu, (_, gap: string, letter: string) => gap + letter.toUpperCase());
  const names = [prefix, prefix.toLowerCase(), prefix.toUpperCase(), title].map(lower);
  const digits = /^\+?[0-9][0-9 ().-]*$/.test(prefix) ? [prefix.replace(/[^0-9]/g, '')] : [];
  const sorted = (by: Place['by'], keys: readonly string[]) =>
    [...new Set(keys)].sort().map((from): Stretch => ({ by, from }));
  return [...sorted('name', names), ...sorted('identity', [prefix, prefix.toLowerCase(), ...digits])];
}

const lower = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** No text that begins with it comes after. */
const endOf = (from: string): string => `${from}\u{10FFFF}`;
