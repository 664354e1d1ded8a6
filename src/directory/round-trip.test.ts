import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { bytesOf, findSampleChannel, gather } from '../../test/support/people.ts';
import { connectionId, randomId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import type { Person, PersonAddress } from '../model/person.ts';
import { exportPeople } from './export-people.ts';
import { guardCell, unguardCell } from './formula-guard.ts';
import { FORMATS, type Format, readPeople } from './read-people.ts';

const botId = randomId('st');
const NOW = 1_700_000_000_000;

/** Texts that CSV, spreadsheets and our own cell formats are apt to misread. */
const awkward = fc.string({
  unit: fc.constantFrom('=', '+', '-', '@', "'", '"', ',', ';', '[', ']', '\t', '\r', '\n', ' ', '＝', 'é', '😀', 'x'),
});
const text = fc.oneof(
  awkward,
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('["a"]', '{}', 'null', '007', '1e5', '\uFEFF'),
);
const key = text.filter((value) => !['', '__proto__', 'constructor'].includes(value));
const trimmed = text.map((value) => value.trim());
const identity = trimmed.filter((value) => value !== '');
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const filled = optional(text.map((value) => value || null));

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.integer(),
    fc.constantFrom(null, true, false, 0.5),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  ),
})).value;

const address: fc.Arbitrary<PersonAddress> = fc
  .record({
    connection: fc.oneof(
      fc.constant({ channel: 'msteams', connectionName: null }),
      fc.record({ channel: fc.constant('ivr'), connectionName: filled }),
    ),
    channelId: key,
    reference: optional(
      fc.dictionary(fc.oneof(fc.constantFrom('serviceUrl', 'channelId', 'a.b'), key), text, {
        minKeys: 1,
        maxKeys: 3,
        noNullPrototype: true,
      }),
    ),
  })
  .map(({ connection, channelId, reference }) => ({
    ...connection,
    connectionId: connectionId(botId, connection.channel, connection.connectionName),
    channelId,
    reference,
    source: 'import',
    at: NOW,
  }));

/** Cloned, because fast-check likes objects without a prototype and `deepEqual` tells them apart. */
const person: fc.Arbitrary<Person> = fc
  .record({
    botId: fc.constant(botId),
    id: fc.noShrink(fc.constant(null)).map(() => randomId('u')),
    email: optional(fc.constantFrom('a@b.c', '=cmd@x.y', '-@x')),
    upn: optional(identity),
    phone: optional(fc.constantFrom('+49 151 2345', '0301234567')),
    identities: fc.uniqueArray(identity, { maxLength: 4 }),
    name: filled,
    locale: optional(fc.constantFrom('en', 'pt-BR')),
    timeZone: optional(fc.constantFrom('Europe/Berlin', 'Etc/GMT+5')),
    tags: fc.uniqueArray(identity, { maxLength: 4 }),
    attributes: fc.oneof(fc.dictionary(key, text, { maxKeys: 4 }), fc.dictionary(key, json, { maxKeys: 3 })),
    addresses: fc.uniqueArray(address, { maxLength: 3, selector: (entry) => entry.connectionId }),
  })
  .map((entry) => structuredClone(entry));

for (const format of FORMATS) {
  test(`what ${format} exports it imports again, whoever it is`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(person, { maxLength: 4 }), fc.integer({ min: 1, max: 4 }), async (people, pageSize) => {
        const file = await exportAll(people, format, pageSize);
        const context = { format, botId, now: NOW, findChannel: findSampleChannel };
        const lines = await gather(readPeople(bytesOf(file, 11), context));
        assert.deepEqual(
          lines.map((line) => (line.person === null ? line : sorted(line.person))),
          people.map(sorted),
        );
      }),
      { numRuns: 150 },
    );
  });
}

test('the import of an export exports the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(person, { maxLength: 3 }), async (people) => {
      const file = await exportAll(people, 'csv', 5);
      const context = { format: 'csv' as const, botId, now: NOW, findChannel: findSampleChannel };
      const lines = await gather(readPeople(bytesOf(file, 4096), context));
      const again = lines.map((line) => line.person).filter((entry) => entry !== null);
      assert.equal(await exportAll(again, 'csv', 5), file);
    }),
  );
});

test('no exported cell runs in a spreadsheet', async () => {
  const signs = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '﹦', '﹢', '−'];
  const starts = ['', "'", '"', ' ', '\u00A0', '\uFEFF', '\'"'].flatMap((before) => signs.map((sign) => before + sign));
  const people = starts.map((start) => sample(`${start}cmd|' /C calc'!A0`));
  const rows: string[][] = parse(await exportAll(people, 'csv', 500), { record_delimiter: '\r\n' });
  const cells = rows.slice(1).flat();
  assert.deepEqual(
    cells.filter((cell) => /^[\s"]*[=+\-@\t\r\n＝＋－＠﹦﹢−]/.test(cell)),
    [],
  );
  assert.equal(cells.filter((cell) => cell.startsWith("'")).length, starts.length * 2);
});

test('the guard takes back exactly what it added', () => {
  fc.assert(
    fc.property(text, (cell) => assert.equal(unguardCell(guardCell(cell)), cell)),
    { numRuns: 5_000 },
  );
});

test('an export without people still has its header', async () => {
  assert.equal(
    await exportAll([], 'csv', 1),
    'id,email,upn,phone,name,locale,timeZone,identities,tags,attributes,addresses\r\n',
  );
  assert.equal(await exportAll([], 'ndjson', 1), '');
});

/** A small page chooses the columns without having seen the people of the later ones. */
async function exportAll(people: readonly Person[], format: Format, pageSize: number): Promise<string> {
  const store = {
    async listPeople({ afterId, limit }: { readonly afterId: string; readonly limit: number }) {
      const start = people.findIndex((entry) => entry.id === afterId) + 1;
      return people.slice(start, start + limit);
    },
  };
  const request = { store, botId, format, findChannel: findSampleChannel, pageSize };
  return (await Array.fromAsync(exportPeople(request))).join('');
}

/** Addresses are a set. */
function sorted(entry: Person): Person {
  return { ...entry, addresses: entry.addresses.toSorted((a, b) => (a.connectionId < b.connectionId ? -1 : 1)) };
}

function sample(value: string): Person {
  return {
    botId,
    id: randomId('u'),
    email: 'a@b.c',
    upn: null,
    phone: null,
    identities: [],
    name: value,
    locale: null,
    timeZone: null,
    tags: [],
    attributes: { x: value },
    addresses: [],
  };
}
