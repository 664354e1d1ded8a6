import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, call, OTHER_BOT, type Reply, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';

const text = (val: string) => ({ type: 'text', val });
const WELCOME = {
  description: 'First day',
  parameters: { name: { type: 'string', maxLength: 10 }, day: { type: 'date', required: false } },
  variants: {
    en: {
      message: text('Welcome, {name}!'),
      channels: { slack: { type: 'native', payload: { text: '{name}: {day}' } } },
    },
    'pt-BR': { message: text('Boas-vindas, {name}!') },
  },
  default: 'en',
};

describe('templates', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const ask = async (
    method: string,
    path: string,
    { body, headers = {}, bot = BOT }: { body?: unknown; headers?: Record<string, string>; bot?: string } = {},
  ): Promise<Reply> =>
    call(rig, `/api/v1/bots/${bot}/templates${path}`, {
      method,
      headers: {
        auth: await tokenFor('cs-both'),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  it('are made, versioned, shown as they were put, and listed', async () => {
    const made = await ask('PUT', '/welcome', { body: WELCOME });
    assert.deepEqual([made.status, made.headers.get('etag')], [201, '"1"']);
    const document = documentOf(made);
    assert.partialDeepStrictEqual(document, { name: 'welcome', version: 1, latest: 1, archivedAt: null, ...WELCOME });
    const again = await ask('PUT', '/welcome', { body: WELCOME });
    assert.deepEqual([again.status, again.json], [200, document]);
    const changed = await ask('PUT', '/welcome', { body: { ...WELCOME, default: 'pt-BR' } });
    assert.deepEqual([changed.status, documentOf(changed)['version']], [201, 2]);

    const first = documentOf(await ask('GET', '/welcome?version=1'));
    assert.deepEqual([first['version'], first['latest'], first['default']], [1, 2, 'en']);
    assert.equal(documentOf(await ask('GET', '/welcome'))['version'], 2);
    assert.equal((await ask('GET', '/welcome?version=3')).status, 404);
    assert.equal((await ask('GET', '/welcome', { bot: OTHER_BOT })).status, 404);
    const versions = documentOf(await ask('GET', '/welcome/versions?limit=1'));
    assert.deepEqual(numbersOf(versions), [2]);
    const older = await ask('GET', `/welcome/versions?cursor=${versions['nextCursor']}`);
    assert.deepEqual(numbersOf(documentOf(older)), [1]);
    await ask('PUT', '/goodbye', { body: WELCOME });
    const page = documentOf(await ask('GET', '?limit=1'));
    assert.deepEqual(namesOf(page), ['goodbye']);
    assert.deepEqual(namesOf(documentOf(await ask('GET', `?cursor=${page['nextCursor']}`))), ['welcome']);
  });

  it('are changed by one of two who looked at the same version', async () => {
    const put = (definition: unknown, headers: Record<string, string>) =>
      ask('PUT', '/raced', { body: definition, headers });
    assert.equal((await put(WELCOME, { 'if-match': '"1"' })).status, 412);
    assert.equal((await put(WELCOME, { 'if-none-match': '*' })).status, 201);
    const late = await put({ ...WELCOME, default: 'pt-BR' }, { 'if-none-match': '*' });
    assert.deepEqual([late.status, late.headers.get('etag')], [412, '"1"']);
    assert.equal(documentOf(late)['code'], 'precondition_failed');
    assert.equal((await put({ ...WELCOME, default: 'pt-BR' }, { 'if-match': '"1"' })).status, 201);
    assert.equal((await put(WELCOME, { 'if-match': '"1"' })).status, 412);
    assert.equal((await put(WELCOME, { 'if-match': '"2"', 'if-none-match': '*' })).status, 400);
  });

  it('are out of use once archived, until they are put again', async () => {
    await ask('PUT', '/passing', { body: WELCOME });
    assert.equal((await ask('DELETE', '/passing')).status, 204);
    assert.equal((await ask('DELETE', '/passing')).status, 404);
    assert.ok(!namesOf(documentOf(await ask('GET', ''))).includes('passing'));
    assert.ok(documentOf(await ask('GET', '/passing'))['archivedAt'] !== null);
    const back = documentOf(await ask('PUT', '/passing', { body: WELCOME }));
    assert.deepEqual([back['version'], back['archivedAt']], [1, null]);
  });

  const say = (val: string) => ({ ...WELCOME, variants: { en: { message: text(val) } } });
  const declare = (parameters: unknown) => ({ ...say('Hi'), parameters });
  const refused: readonly [what: string, body: unknown, pointer: string, words: RegExp][] = [
    ['a token nobody declared', say('Hi {nmae}'), '/variants/en/message', /the token "\{nmae\}", which is not among/],
    [
      'one deep within a payload',
      { ...WELCOME, variants: { en: { message: { type: 'native', payload: { a: [{ b: 'x {who}' }] } } } } },
      '/variants/en/message',
      /"\{who\}"/,
    ],
    [
      'one in the message of a channel',
      { ...WELCOME, variants: { en: { message: text('Hi'), channels: { email: text('{who}') } } } },
      '/variants/en/channels/email',
      /"\{who\}"/,
    ],
    [
      'a channel that is none',
      { ...WELCOME, variants: { en: { message: text('Hi'), channels: { 'pi~geon': text('Hi') } } } },
      '/variants/en/channels/pi~0geon',
      /use ids of email, hangoutchat/,
    ],
    ['nothing said', say(' \n'), '/variants/en/message/val', /must not be empty/],
    ['a default that is no variant', { ...WELCOME, default: 'de' }, '/default', /one of the variants: en, pt-BR/],
    ['no variants', { ...WELCOME, variants: {} }, '/variants', /at least 1/],
    [
      'a tag that is none',
      { ...WELCOME, variants: { 'not a tag': { message: text('Hi') } }, default: 'not a tag' },
      '/variants/not a tag',
      /no language tag/,
    ],
    [
      'a tag in another spelling',
      { ...WELCOME, variants: { pt_br: { message: text('Hi') } }, default: 'pt_br' },
      '/variants/pt_br',
      /must be written as pt-BR/,
    ],
    ['a name that no token can name', declare({ '{a}': { type: 'string' } }), '/parameters/{a}', /begin with a letter/],
    ['a type that is none', declare({ a: { type: 'text' } }), '/parameters/a/type', /string/],
    ['a default of another type', declare({ a: { type: 'integer', default: 'x' } }), '/parameters/a/default', /whole/],
    [
      'a choice that is too long',
      declare({ a: { type: 'string', maxLength: 2, enum: ['ab', 'abc'] } }),
      '/parameters/a/enum/1',
      /at most 2/,
    ],
    [
      'a default nobody can miss',
      declare({ a: { type: 'string', required: true, default: 'x' } }),
      '/parameters/a/required',
      /leave out one/,
    ],
    ['a misspelt key', { ...WELCOME, varaints: {} }, '/varaints', /known are/],
  ];
  for (const [what, body, pointer, words] of refused) {
    it(`are refused with ${what}`, async () => {
      const reply = await ask('PUT', '/refused', { body });
      assert.deepEqual([reply.status, documentOf(reply)['pointer']], [400, pointer], reply.text);
      assert.match(String(documentOf(reply)['detail']), words);
      assert.equal((await ask('GET', '/refused')).status, 404);
    });
  }

  it('are bounded in size and name', async () => {
    const variants = Object.fromEntries(['en', 'de'].map((tag) => [tag, { message: text('x'.repeat(140_000)) }]));
    assert.equal((await ask('PUT', '/large', { body: { ...WELCOME, variants } })).status, 413);
    for (const name of ['A', '-a', 'a'.repeat(65), '%00', '..%2F..']) {
      assert.equal((await ask('PUT', `/${name}`, { body: WELCOME })).status, 400, name);
    }
  });
});

function documentOf({ json }: Reply): JsonObject {
  assert.ok(isJsonObject(json));
  return json;
}

const listed = ({ templates }: JsonObject): JsonObject[] =>
  Array.isArray(templates) ? templates.filter(isJsonObject) : [];
const numbersOf = (page: JsonObject) => listed(page).map(({ version }) => version);
const namesOf = (page: JsonObject) => listed(page).map(({ name }) => name);
