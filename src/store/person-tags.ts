import type { PeopleFilter } from '../model/people-filter.ts';
import { identityKey, type Person } from '../model/person.ts';
import { PERSON, person, texts } from './people-rows.ts';
import { execute, type InsertShape, insertMany, int, query, type Row, type Steps, text } from './steps.ts';

/*
 * Who has a tag, by tag: an index over what `people.tags` says, which is what counts. Whoever fits a filter is found by one
 * tag and judged by what their row says, so that a row of an index too many names nobody who does not fit.
 */

const PERSON_TAGS: InsertShape = {
  table: 'person_tags',
  columns: { bot_id: 'text', tag: 'text', person_id: 'text' },
  onConflict: 'ON CONFLICT DO NOTHING',
};

type Tagged = Pick<Person, 'botId' | 'id' | 'tags'>;

/** Before their rows change: what was indexed is what they say. Of somebody who goes, `tags` is empty. */
export function* indexTags(people: readonly Tagged[]): Steps<void> {
  const had = yield* listTags(people);
  const gone = people.flatMap(({ botId, id, tags }) =>
    (had.get(`${botId}/${id}`) ?? [])
      .filter((tag) => !tags.includes(tag))
      .map((tag) => ({ bot_id: botId, tag, person_id: id })),
  );
  if (gone.length > 0) {
    yield* execute(
      `DELETE FROM person_tags WHERE (bot_id, tag, person_id) IN (
         SELECT gone.bot_id, gone.tag, gone.person_id FROM {rows gone(bot_id text, tag text, person_id text) $1}
       )`,
      gone,
    );
  }
  yield* insertMany(
    PERSON_TAGS,
    people.flatMap(({ botId, id, tags }) => tags.map((tag) => [botId, tag, id])),
  );
}

function* listTags(people: readonly Tagged[]): Steps<ReadonlyMap<string, readonly string[]>> {
  const rows = yield* query(
    `SELECT bot_id, id, tags FROM people WHERE tags <> '[]' AND (bot_id, id) IN (
       SELECT p.bot_id, p.id FROM {rows p(bot_id text, id text) $1}
     )`,
    people.map(({ botId, id }) => ({ bot_id: botId, id })),
  );
  return new Map(rows.map((row) => [`${text(row, 'bot_id')}/${text(row, 'id')}`, texts(text(row, 'tags'))]));
}

/** By which tags those who fit are found: whoever fits has one of them. Null: it takes a look at everybody. */
export function* chooseTags(botId: string, { tags = {} }: PeopleFilter): Steps<readonly string[] | null> {
  const { all = [], any = null } = tags;
  const [first] = all;
  if (first === undefined) return any;
  if (all.length === 1) return [first];
  let rarest = { tag: first, people: Number.POSITIVE_INFINITY };
  for (const tag of all) {
    const people = yield* countUpTo(COMMON, botId, tag);
    if (people < rarest.people) rarest = { tag, people };
  }
  return [rarest.tag];
}

/** Of what so many have it is not asked what more have. */
const COMMON = 10_000;

function* countUpTo(most: number, botId: string, tag: string): Steps<number> {
  const [row] = yield* query(
    `SELECT count(*) AS people FROM (
       SELECT person_id FROM person_tags WHERE bot_id = $1 AND tag = $2 LIMIT $3
     ) AS counted`,
    botId,
    tag,
    most,
  );
  return row === undefined ? 0 : int(row, 'people');
}

interface Stretch {
  readonly botId: string;
  readonly afterId: string;
  readonly limit: number;
}

/** The next who may fit, by id, and the last that was looked at; null: there is nobody after them. */
export function* listCandidates(
  stretch: Stretch,
  tags: readonly string[] | null,
): Steps<{ readonly people: readonly Person[]; readonly lastId: string | null }> {
  const { botId, afterId, limit } = stretch;
  if (tags === null) {
    const rows = yield* query(
      `SELECT ${PERSON} FROM people WHERE bot_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
      botId,
      afterId,
      limit,
    );
    return { people: rows.map((row) => person(row, [])), lastId: rows.length < limit ? null : lastOf(rows, 'id') };
  }
  const tagged = yield* listTagged(stretch, tags);
  const rows = yield* query(
    `SELECT ${PERSON} FROM people WHERE bot_id = $1 AND id {any:text $2} ORDER BY id`,
    botId,
    tagged.map((row) => text(row, 'person_id')),
  );
  const lastId = tagged.length < limit ? null : lastOf(tagged, 'person_id');
  return { people: rows.map((row) => person(row, [])), lastId };
}

const lastOf = (rows: readonly Row[], column: string): string | null => {
  const last = rows.at(-1);
  return last === undefined ? null : text(last, column);
};

/** The next of each tag, which the index gives in order, and of these the next of all. */
function* listTagged({ botId, afterId, limit }: Stretch, tags: readonly string[]) {
  const nexts = tags.map(
    (_, index) =>
      `SELECT person_id FROM (
         SELECT person_id FROM person_tags WHERE bot_id = $1 AND tag = $${index + 4} AND person_id > $2
         ORDER BY person_id LIMIT $3) AS ahead`,
  );
  return yield* query(
    `SELECT person_id FROM (${nexts.join(' UNION ')}) AS candidates ORDER BY person_id LIMIT $3`,
    botId,
    afterId,
    limit,
    ...tags,
  );
}

/** Who of these people has one of the tags. */
export function* listWithTags(
  botId: string,
  personIds: readonly string[],
  tags: readonly string[],
): Steps<ReadonlySet<string>> {
  const rows = yield* query(
    'SELECT person_id FROM person_tags WHERE bot_id = $1 AND tag {any:text $2} AND person_id {any:text $3}',
    botId,
    tags,
    personIds,
  );
  return new Set(rows.map((row) => text(row, 'person_id')));
}

/** Whose each of these identities is; of nobody's there is none. */
export function* listOwners(botId: string, identities: readonly string[]): Steps<ReadonlyMap<string, string>> {
  const rows = yield* query(
    'SELECT identity, person_id FROM identities WHERE bot_id = $1 AND identity {any:text $2}',
    botId,
    [...new Set(identities.map(identityKey))],
  );
  return new Map(rows.map((row) => [text(row, 'identity'), text(row, 'person_id')]));
}
