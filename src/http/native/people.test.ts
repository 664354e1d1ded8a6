import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, request as openRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import {
  BOT,
  call,
  OTHER_BOT,
  type Reply,
  type Rig,
  startRig,
  tokenFor,
  UNKNOWN_BOT,
} from '../../../test/support/http-rig.ts';
import { personId } from '../../model/ids.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { StoreUnavailable } from '../../store/port/errors.ts';

const NDJSON = 'application/x-ndjson';
const john = {
  email: 'john@abc.com',
  name: 'John',
  locale: 'en',
  timeZone: 'Asia/Kolkata',
  tags: ['employees'],
  addresses: [
    { channel: 'msteams', channelId: '29:1964', reference: { conversationId: 'a:1', serviceUrl: 'https://smba/' } },
  ],
};
const johnsId = personId(BOT, 'john@abc.com');

interface CallOptions {
  readonly method?: string;
  readonly query?: string;
  readonly bot?: string;
  readonly app?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | ReadableStream;
}

async function people(rig: Rig, options: CallOptions = {}): Promise<Reply> {
  const { method = 'GET', query = '', bot = BOT, app = 'cs-builder', headers = {}, body } = options;
  const init: RequestInit & { duplex: 'half' } = { method, duplex: 'half', ...(body === undefined ? {} : { body }) };
  return call(rig, `/api/v1/bots/${bot}/people${query}`, {
    ...init,
    headers: { auth: await tokenFor(app), ...headers },
  });
}

const put = (rig: Rig, body: CallOptions['body'] & {}, options: CallOptions = {}, type = NDJSON): Promise<Reply> =>
  people(rig, { ...options, method: 'PUT', body, headers: { 'content-type': type, ...options.headers } });

function object(reply: Reply): JsonObject {
  assert.ok(isJsonObject(reply.json), reply.text);
  return reply.json;
}

const countPeople = async (rig: Rig, botId = BOT) =>
  (await rig.store.listPeople({ botId, afterId: '', limit: 9_999 })).length;

describe('people over HTTP', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  it('imports, shows, lists, exports and deletes a person', async () => {
    const imported = await put(rig, `${JSON.stringify(john)}\n`);
    assert.deepEqual([imported.status, imported.json], [200, { read: 1, imported: 1, bad: 0, errors: [] }]);

    const shown = await people(rig, { query: `/${johnsId}` });
    assert.partialDeepStrictEqual(shown.json, { id: johnsId, ...john });
    assert.partialDeepStrictEqual(shown.json, {
      addresses: [{ source: 'import', learnedAt: new Date(rig.clock.now()).toISOString() }],
    });
    assert.deepEqual(object(await people(rig)), { people: [shown.json], nextCursor: null });

    const ndjson = await people(rig, { headers: { accept: `text/html, ${NDJSON};q=0.9` } });
    assert.equal(ndjson.headers.get('content-type'), 'application/x-ndjson; charset=utf-8');
    assert.equal(ndjson.headers.get('content-disposition'), `attachment; filename="people-${BOT}.ndjson"`);
    assert.equal(ndjson.headers.get('x-content-type-options'), 'nosniff');
    assert.deepEqual(JSON.parse(ndjson.text), { id: johnsId, ...john });

    const csv = await people(rig, { headers: { accept: 'text/csv' } });
    assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8');
    assert.match(csv.text, /^id,email,.*msteams\.channelId.*\r\nu-.*,john@abc\.com,.*29:1964/);

    assert.equal((await people(rig, { method: 'DELETE', query: `/${johnsId}` })).status, 204);
    const gone = await people(rig, { method: 'DELETE', query: `/${johnsId}` });
    assert.deepEqual([gone.status, object(gone)['code']], [404, 'not_found']);
    assert.equal((await people(rig, { query: `/${johnsId}` })).status, 404);
    assert.equal(await countPeople(rig), 0);

    const again = await put(rig, csv.text, {}, 'text/csv; charset=UTF-8');
    assert.deepEqual(again.json, { read: 1, imported: 1, bad: 0, errors: [] });
    assert.partialDeepStrictEqual((await people(rig, { query: `/${johnsId}` })).json, { id: johnsId, ...john });
    await people(rig, { method: 'DELETE', query: `/${johnsId}` });
  });

  it('pages through everybody once', async () => {
    const lines = Array.from({ length: 25 }, (_, i) => JSON.stringify({ email: `page${i}@x.org` }));
    await put(rig, lines.join('\n'), { bot: OTHER_BOT, app: 'cs-both' });
    const seen: unknown[] = [];
    let cursor: unknown = '';
    let pages = 0;
    do {
      const query = `?limit=10&cursor=${cursor}`;
      const page = object(await people(rig, { bot: OTHER_BOT, app: 'cs-both', query }));
      assert.ok(Array.isArray(page['people']));
      seen.push(...page['people'].map((person) => isJsonObject(person) && person['email']));
      cursor = page['nextCursor'];
      pages += 1;
    } while (cursor !== null);
    assert.deepEqual([pages, new Set(seen).size, seen.length], [3, 25, 25]);
  });

  it("keeps one bot's people from another's callers", async () => {
    await put(rig, JSON.stringify(john), { bot: OTHER_BOT, app: 'cs-both' });
    const othersId = personId(OTHER_BOT, 'john@abc.com');
    assert.equal((await people(rig, { query: `/${othersId}` })).status, 404);
    assert.equal((await people(rig, { query: `/${othersId}`, bot: OTHER_BOT })).status, 404);
    assert.equal((await people(rig, { query: `/${othersId}`, bot: OTHER_BOT, app: 'cs-both' })).status, 200);
  });

  it('skip imports the good lines and names the bad ones', async () => {
    const reply = await put(rig, '{"email":"good@x.org"}\n{"email":"bad"}\n{"mail":1}\n', { query: '?onError=skip' });
    assert.equal(reply.status, 200);
    const { errors, ...counts } = object(reply);
    assert.deepEqual(counts, { read: 3, imported: 1, bad: 2 });
    assert.ok(Array.isArray(errors));
    assert.deepEqual(errors[0], { line: 2, field: 'email', message: '"bad" is not an e-mail address' });
    assert.equal(isJsonObject(errors[1]) && errors[1]['line'], 3);
    await people(rig, { method: 'DELETE', query: `/${personId(BOT, 'good@x.org')}` });
  });

  it('abort imports nothing when a line is bad, and everything when none is', async () => {
    const good = '{"email":"a@x.org"}\n{"email":"b@x.org"}\n';
    const refused = await put(rig, `${good}{"email":"bad"}\n`, { query: '?onError=abort' });
    assert.equal(refused.status, 422);
    assert.equal(refused.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.partialDeepStrictEqual(refused.json, {
      status: 422,
      code: 'people_invalid',
      ...{ read: 3, imported: 0, bad: 1 },
      errors: [{ line: 3, field: 'email' }],
    });
    assert.equal(await countPeople(rig), 0);

    const taken = await put(rig, good, { query: '?onError=abort' });
    assert.deepEqual([taken.status, taken.json], [200, { read: 2, imported: 2, bad: 0, errors: [] }]);
    assert.equal(await countPeople(rig), 2);
  });

  for (const onError of ['skip', 'abort']) {
    it(`${onError}: a CSV header nobody understands is refused as a whole`, async () => {
      const reply = await put(rig, '\nemail,shoe\na@b.c,1\n', { query: `?onError=${onError}` }, 'text/csv');
      assert.equal(reply.status, 422);
      assert.partialDeepStrictEqual(reply.json, { code: 'people_invalid', errors: [{ line: 2, field: 'shoe' }] });
    });
  }

  const refused: readonly (readonly [
    title: string,
    status: number,
    code: string,
    detail: RegExp,
    options: CallOptions,
  ])[] = [
    ['a missing token', 401, 'unauthenticated', /^$/, { headers: { auth: '' } }],
    ['a missing scope', 403, 'scope_missing', /^$/, { app: 'cs-scopeless' }],
    ["another app's bot", 404, 'bot_not_found', /^$/, { bot: OTHER_BOT }],
    ['an unknown bot', 404, 'bot_not_found', /^$/, { bot: UNKNOWN_BOT, app: 'cs-admin' }],
    [
      'JSON',
      415,
      'media_type',
      /application\/json: send people as application\/x-ndjson or text\/csv/,
      { headers: { 'content-type': 'application/json' } },
    ],
    ['compression', 415, 'media_type', /content-encoding gzip/, { headers: { 'content-encoding': 'gzip' } }],
    [
      'another character set',
      415,
      'media_type',
      /charset latin1/,
      { headers: { 'content-type': 'text/csv; charset=latin1' } },
    ],
    [
      'a misspelt parameter',
      400,
      'body_invalid',
      /the query parameter onerror is not known here; known are onError/,
      { query: '?onerror=abort' },
    ],
    ['an unknown onError', 400, 'body_invalid', /onError must be one of skip, abort/, { query: '?onError=maybe' }],
    ['onError twice', 400, 'body_invalid', /onError is given twice/, { query: '?onError=skip&onError=abort' }],
  ];
  for (const [title, status, code, detail, options] of refused) {
    it(`refuses an upload with ${title}`, async () => {
      const before = await countPeople(rig);
      const reply = await put(rig, '{"email":"never@x.org"}\n', options);
      assert.deepEqual([reply.status, object(reply)['code']], [status, code]);
      assert.match(String(object(reply)['detail'] ?? ''), detail);
      assert.equal(await countPeople(rig), before);
    });
  }

  for (const query of [
    '?limit=0',
    '?limit=501',
    '?limit=x',
    '?cursor=x',
    '?cursor=%00',
    '?page=2',
    `/u-1`,
    '/%00',
    `/${johnsId}%00`,
  ]) {
    it(`answers GET people${query} with a refusal`, async () => {
      const reply = await people(rig, { query });
      assert.equal(reply.status, query.startsWith('?') ? 400 : 404);
    });
  }

  it('needs the scope to read, too', async () => {
    assert.equal((await people(rig, { app: 'cs-scopeless' })).status, 403);
  });

  it('an empty upload imports nobody', async () => {
    assert.deepEqual((await put(rig, '')).json, { read: 0, imported: 0, bad: 0, errors: [] });
  });
});

describe('large and broken uploads', () => {
  const limits = { maxUploadBytes: 300_000 };
  const line = `{"email":"someone@x.org"}\n`;

  for (const onError of ['skip', 'abort']) {
    it(`${onError}: answers 413, and takes the rest from a client that reads only after it has sent everything`, async () => {
      const rig = await startRig({ limits });
      const client = openUpload(rig, onError, { auth: await tokenFor('cs-builder') });
      const answered = once(client, 'response');
      client.end(line.repeat(200_000));
      await once(client, 'finish');
      const [response] = await answered;
      assert.equal(response.statusCode, 413);
      assert.equal(JSON.parse(await text(response)).code, 'body_too_large');
      await rig.close();
    });
  }

  for (const onError of ['skip', 'abort']) {
    it(`${onError}: clients that go away keep no import running and have nobody imported`, async () => {
      const rig = await startRig();
      await Promise.all(Array.from({ length: 4 }, () => breakOff(rig, onError, line)));
      const reply = await untilStatus(200, () => put(rig, '{"email":"next@x.org"}', { query: `?onError=${onError}` }));
      assert.partialDeepStrictEqual(reply.json, { imported: 1 });
      assert.equal(await countPeople(rig), 1);
      await rig.close();
    });
  }

  it('a store that is away answers 503 and says when to come back', async () => {
    const away = async () => Promise.reject(new StoreUnavailable('gone'));
    const rig = await startRig({ around: (store) => ({ ...store, upsertPeople: away }) });
    const reply = await put(rig, line.repeat(10_000));
    assert.deepEqual([reply.status, object(reply)['code']], [503, 'store_unavailable']);
    assert.ok(reply.headers.has('retry-after'));
    await rig.close();
  });

  it('a third import of one bot waits, those of other bots do not', async () => {
    const bothRun = Promise.withResolvers<void>();
    let writes = 0;
    const rig = await startRig({
      around: (store) => ({
        ...store,
        async upsertPeople(request) {
          writes += 1;
          if (writes === 2) bothRun.resolve();
          await store.upsertPeople(request);
        },
      }),
    });
    const open: ReadableStreamDefaultController[] = [];
    const held = () => new ReadableStream({ start: (controller) => void open.push(controller) });
    const [first, second] = [put(rig, held()), put(rig, held())];
    // The same person twice takes two transactions, so two lines make an import show that it runs.
    for (const controller of open) controller.enqueue(Buffer.from(line + line));
    await bothRun.promise;

    const third = await put(rig, line);
    assert.deepEqual([third.status, object(third)['code']], [429, 'imports_busy']);
    assert.equal(third.headers.get('retry-after'), '10');
    assert.equal((await put(rig, line, { bot: OTHER_BOT, app: 'cs-both' })).status, 200);
    for (const controller of open) controller.close();
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
    assert.equal((await put(rig, line)).status, 200);
    await rig.close();
  });
});

describe('GET people with q', () => {
  it('finds by how a name or an identity begins, a page at a time', async () => {
    const rig = await startRig();
    const lines = ['Ann Lee', 'Anna Kim', 'Bo'].map((name) =>
      JSON.stringify({ email: `${name[0]}.${name.length}@abc.com`, name }),
    );
    await put(rig, lines.join('\n'));
    const ask = async (query: string) => object(await people(rig, { query }));
    const namesOf = ({ people }: JsonObject) =>
      Array.isArray(people) ? people.map((person) => isJsonObject(person) && person['name']) : [];
    const first = await ask('?q=a&limit=1');
    assert.deepEqual(namesOf(first), ['Ann Lee']);
    const second = await ask(`?q=a&limit=1&cursor=${first['nextCursor']}`);
    assert.deepEqual(namesOf(second), ['Anna Kim']);
    assert.deepEqual(namesOf(await ask('?q=b.2%40')), ['Bo']);
    for (const cursor of ['x', johnsId, Buffer.from('{"by":"id","key":"","personId":""}').toString('base64url')])
      assert.match(String((await ask(`?q=a&cursor=${cursor}`))['detail']), /nextCursor of another page/);
    const streamed = await people(rig, { query: '?q=a', headers: { accept: NDJSON } });
    assert.match(streamed.text, /leave out q, limit and cursor/);
    await rig.close();
  });
});

function openUpload(rig: Rig, onError: string, headers: Record<string, string>): ClientRequest {
  const url = `${rig.url}/api/v1/bots/${BOT}/people?onError=${onError}`;
  return openRequest(url, { method: 'PUT', headers: { 'content-type': NDJSON, ...headers } });
}

/** Announces more than it sends, and hangs up. */
async function breakOff(rig: Rig, onError: string, line: string): Promise<void> {
  const client = openUpload(rig, onError, { auth: await tokenFor('cs-builder'), 'content-length': '100000' });
  const isOver = new Promise<void>((resolve) => client.on('error', () => resolve()));
  client.write(line, () => client.destroy());
  await isOver;
}

async function untilStatus(status: number, attempt: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const reply = await attempt();
    if (reply.status === status) return reply;
  }
}
