import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, findSampleChannel, gather } from '../../test/support/people.ts';
import { connectionId, personId, randomId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import type { Person } from '../model/person.ts';
import { type Format, type PersonLine, readPeople, UnreadableHeader } from './read-people.ts';

const botId = randomId('st');
const id = randomId('u');

function read(format: Format, text: string): Promise<PersonLine[]> {
  return gather(readPeople(bytesOf(text, 50), { format, botId, now: 77, findChannel: findSampleChannel }));
}

const full: Person = {
  botId,
  id: personId(botId, 'john@abc.com'),
  email: 'John@abc.com',
  upn: 'john@corp.example',
  phone: '+49 (151) 234-567',
  identities: ['E-17', 'jj'],
  name: ' John "JJ" Doe',
  locale: 'pt-BR',
  timeZone: 'Asia/Kolkata',
  tags: ['employees', 'berlin'],
  attributes: { team: 'red', floor: '3' },
  addresses: [
    {
      connectionId: connectionId(botId, 'msteams', null),
      channel: 'msteams',
      connectionName: null,
      channelId: '29:1',
      reference: { conversationId: 'a:1', serviceUrl: 'https://smba/' },
      source: 'import',
      at: 77,
    },
    {
      connectionId: connectionId(botId, 'ivr', 'Web.hook'),
      channel: 'ivr',
      connectionName: 'Web.hook',
      channelId: 'x',
      reference: null,
      source: 'import',
      at: 77,
    },
  ],
};

test('reads a whole person from NDJSON', async () => {
  const json = {
    email: ' John@abc.com ',
    upn: 'john@corp.example',
    phone: '+49 (151) 234-567',
    identities: ['E-17', ' jj', 'E-17', ''],
    name: ' John "JJ" Doe',
    locale: 'pt-BR',
    timeZone: 'Asia/Kolkata',
    tags: ['employees', 'berlin'],
    attributes: { team: 'red', floor: '3' },
    addresses: [
      { channel: 'teams', channelId: '29:1', reference: { conversationId: 'a:1', serviceUrl: 'https://smba/' } },
      { channel: 'webhook', name: 'Web.hook', channelId: 'x', reference: {} },
    ],
  };
  assert.deepEqual(await read('ndjson', `\uFEFF${JSON.stringify(json)}\r\n\r\n`), [{ line: 1, person: full }]);
});

test('reads the same person from CSV', async () => {
  const header =
    'Email, upn ,phone,identities,name,locale,timezone,tags,attributes.team,attributes.floor,teams.channelId,teams.conversationId,msteams.serviceUrl,webhook:Web.hook.channelId';
  const cells =
    'John@abc.com,john@corp.example,\'+49 (151) 234-567,E-17; jj;,"\' John ""JJ"" Doe",pt-BR,Asia/Kolkata,employees;berlin,red,3,29:1,a:1,https://smba/,x';
  const lines = await read('csv', `\uFEFF${header}\r\n${cells}\r\n`);
  assert.deepEqual(lines, [{ line: 2, person: { ...full, name: '\' John "JJ" Doe' } }]);
});

const email = 'a@b.c';
const accepted: readonly (readonly [title: string, json: JsonObject, expected: Partial<Person>])[] = [
  [
    'null and empty mean absent',
    { email, upn: null, name: '', phone: '  ', tags: null, locale: '' },
    { upn: null, name: null, phone: null, tags: [], locale: null },
  ],
  ['a given id', { id, email }, { id }],
  ['only an id', { id }, { id, email: null }],
  [
    'the id derives from the e-mail first',
    { upn: 'U@x', email: 'A@B.c', phone: '+491512345' },
    { id: personId(botId, 'a@b.c') },
  ],
  ['then from the UPN', { identities: ['x'], upn: 'U@x', phone: '+491512345' }, { id: personId(botId, 'u@x') }],
  ['then from the phone', { identities: ['x'], phone: '+49 151-2345' }, { id: personId(botId, '491512345') }],
  ['then from an identity', { identities: ['X'] }, { id: personId(botId, 'X') }],
  [
    'attributes of any JSON',
    { email, attributes: { a: [1, { b: null }], c: true, d: '' } },
    { attributes: { a: [1, { b: null }], c: true, d: '' } },
  ],
];
for (const [title, json, expected] of accepted) {
  test(`NDJSON: ${title}`, async () => {
    const [line] = await read('ndjson', JSON.stringify(json));
    assert.partialDeepStrictEqual(line, { line: 1, person: expected });
  });
}

const address = { channel: 'msteams', channelId: '29:1' };
const refused: readonly (readonly [field: string | null, message: RegExp, line: string | JsonObject])[] = [
  [null, /^The line is not JSON: /, '{"email":'],
  [null, /^The line is not a JSON object/, '[]'],
  [null, /^The line is longer than 64 KiB/, `{"email":"${'x'.repeat(70_000)}"}`],
  [null, /^The person takes \d+ bytes as JSON; at most 32000 fit/, { email, attributes: { x: 'x'.repeat(33_000) } }],
  ['email', /is missing: a person needs/, { name: 'Nobody' }],
  ['email', /^"nobody" is not an e-mail address/, { email: 'nobody' }],
  ['email', /^must be a text, not the number 7/, { email: 7 }],
  ['email', /^is 321 characters long; at most 320 fit/, { email: `${'x'.repeat(319)}@y` }],
  ['mail', /^is not a known key; there are id, email/, { email, mail: 'x' }],
  ['"\\n"', /^is not a known key/, { email, '\n': 'x' }],
  ['__proto__', /^is not a known key/, `{"email":"a@b.c","__proto__":{"x":1}}`],
  ['id', /^"u-1" is not a person's id/, { id: 'u-1' }],
  ['phone', /^"4.9E11" is not a phone number/, { phone: '4.9E11' }],
  ['identities', /^must be a list, not the string x/, { identities: 'x' }],
  ['identities[1]', /^must be a text, not null/, { identities: ['x', null] }],
  ['identities', /^has 51 entries; at most 50 fit/, { identities: Array.from({ length: 51 }, (_, i) => `i${i}`) }],
  ['name', /^holds a NUL character/, { email, name: 'a\0b' }],
  ['name', /^holds half of a surrogate pair/, `{"email":"a@b.c","name":"\\ud800"}`],
  ['locale', /^"en_US" is not a BCP 47 language tag/, { email, locale: 'en_US' }],
  ['timeZone', /^"CEST" is not an IANA time zone/, { email, timeZone: 'CEST' }],
  ['timeZone', /^"\+05:30" is not an IANA time zone/, { email, timeZone: '+05:30' }],
  ['attributes', /^x: NUL characters are not allowed/, { email, attributes: { x: '\0' } }],
  ['attributes', /__proto__: this key is not allowed/, `{"email":"a@b.c","attributes":{"__proto__":{}}}`],
  [
    'attributes',
    /nested more than 32 levels deep/,
    `{"email":"a@b.c","attributes":{"x":${'['.repeat(9_000)}${']'.repeat(9_000)}}}`,
  ],
  [
    'attributes',
    /^the number 12345678901234567000 would lose digits/,
    `{"email":"a@b.c","attributes":{"x":[12345678901234567000]}}`,
  ],
  ['attributes', /^the number Infinity would lose digits/, `{"email":"a@b.c","attributes":{"x":1e400}}`],
  ['addresses[0]', /^must be an object with channel and channelId/, { email, addresses: ['29:1'] }],
  ['addresses[0].channel', /^is missing/, { email, addresses: [{ channelId: '29:1' }] }],
  ['addresses[0].channel', /^"pigeon" is not a channel/, { email, addresses: [{ ...address, channel: 'pigeon' }] }],
  ['addresses[0].channelId', /^is missing/, { email, addresses: [{ channel: 'msteams' }] }],
  ['addresses[0].name', /^is not for msteams: a bot has one of it/, { email, addresses: [{ ...address, name: 'x' }] }],
  ['addresses[0].source', /^is not a known key/, { email, addresses: [{ ...address, source: 'send' }] }],
  [
    'addresses[0].reference.x',
    /^must be a text, not the number 1/,
    { email, addresses: [{ ...address, reference: { x: 1 } }] },
  ],
  [
    'addresses[0].reference.__proto__',
    /^is not allowed as a key/,
    `{"email":"a@b.c","addresses":[{"channel":"msteams","channelId":"1","reference":{"__proto__":"x"}}]}`,
  ],
  [
    'addresses[1].channel',
    /^has an address already/,
    { email, addresses: [address, { ...address, channel: 'teams' }] },
  ],
];
for (const [field, message, given] of refused) {
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  test(`NDJSON refuses ${text.slice(0, 70)}`, async () => {
    const [line, next] = await read('ndjson', `${text}\n{"email":"next@line.org"}`);
    assert.equal(line?.line, 1);
    assert.ok(line.person === null);
    assert.deepEqual(
      line.problems.map((problem) => problem.field),
      [field],
    );
    assert.match(line.problems[0]?.message ?? '', message);
    assert.equal(next?.person?.email, 'next@line.org');
  });
}

test('finds everything that is wrong with a line', async () => {
  const [line] = await read('ndjson', JSON.stringify({ email: 'x', phone: 'y', addresses: [{}] }));
  assert.ok(line?.person === null);
  const fields = line.problems.map((problem) => problem.field);
  assert.deepEqual(fields, ['email', 'phone', 'addresses[0].channel', 'addresses[0].channelId']);
});

const csvRefused: readonly (readonly [field: string | null, message: RegExp, header: string, row: string])[] = [
  [null, /^has 3 cells, the header 2: put cells that hold commas in quotes/, 'email,name', 'a@b.c,Doe, John'],
  [null, /^has 1 cells, the header 2/, 'email,name', 'a@b.c'],
  ['email', /is missing: a person needs/, 'email,name', ',Nobody'],
  ['msteams.channelId', /^is missing/, 'email,teams.channelId,teams.serviceUrl', 'a@b.c,,https://x'],
  [
    'msteams.serviceUrl',
    /^is 2049 characters long/,
    'email,teams.channelId,teams.serviceUrl',
    `a@b.c,29:1,${'x'.repeat(2049)}`,
  ],
  [
    'addresses[0].channel',
    /^"pigeon" is not a channel/,
    'email,teams.channelId,addresses',
    `a@b.c,29:1,"[{""channel"":""pigeon"",""channelId"":""1""}]"`,
  ],
  ['attributes', /^"\{" is not JSON/, 'email,attributes', 'a@b.c,{'],
  ['attributes', /^must be an object, not a list/, 'email,attributes', 'a@b.c,[]'],
  ['attributes.x', /^is also in the column attributes/, 'email,attributes.x,attributes', 'a@b.c,1,"{""x"":2}"'],
];
for (const [field, message, header, row] of csvRefused) {
  test(`CSV refuses ${row.slice(0, 60)} under ${header}`, async () => {
    const [line] = await read('csv', `${header}\n${row}\n`);
    assert.ok(line?.line === 2 && line.person === null);
    assert.deepEqual(
      line.problems.map((problem) => problem.field),
      [field],
    );
    assert.match(line.problems[0]?.message ?? '', message);
  });
}

const headersRefused: readonly (readonly [header: string, field: string | null, message: RegExp])[] = [
  ['email;name', 'email;name', /^is one column: separate the columns by commas/],
  ['email,shoe size', 'shoe size', /^is not a known column; there are id, email, /],
  ['email,pigeon.channelId', 'pigeon.channelId', /^is not a known column/],
  ['email,attributes.__proto__', 'attributes.__proto__', /^is not a known column/],
  ['email,E-Mail,EMAIL', 'E-Mail', /^is not a known column/],
  ['email,Email', 'Email', /^is the same column as another: email/],
  ['teams.channelId,msteams.channelId', 'msteams.channelId', /^is the same column as another: msteams.channelId/],
  ['"email', null, /^A quoted cell is never closed/],
];
for (const [header, field, message] of headersRefused) {
  test(`CSV refuses the header ${header}`, async () => {
    await assert.rejects(read('csv', `${header}\na@b.c\n`), (error) => {
      assert.ok(error instanceof UnreadableHeader);
      assert.equal(error.problems[0]?.field, field);
      assert.match(error.problems[0]?.message ?? '', message);
      return true;
    });
  });
}

test('an empty file holds nobody', async () => {
  assert.deepEqual(await read('csv', ''), []);
  assert.deepEqual(await read('ndjson', ''), []);
});
