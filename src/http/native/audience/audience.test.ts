import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request as openRequest } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { BOT, call, OTHER_BOT, type Reply, type Rig, startRig, tokenFor } from '../../../../test/support/http-rig.ts';
import { assertProblem, documentOf } from '../../../../test/support/problems.ts';
import { connectionId, randomId } from '../../../model/ids.ts';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';

const OPEN = {
  channel: 'msteams',
  message: { type: 'text', val: 'Hello {name}' },
  parameters: { name: 'all' },
  audience: { upload: true },
};
const NDJSON = 'application/x-ndjson';
const CSV = 'text/csv';

describe('uploading an audience', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const at = async (path: string, init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {}) =>
    call(rig, `/api/v1/bots/${BOT}/notifications${path}`, {
      ...init,
      headers: { ...init.headers, auth: await tokenFor('cs-both') },
    });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    at(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const open = async (more: object = {}): Promise<string> => {
    const reply = await post('', { ...OPEN, ...more });
    assert.equal(reply.status, 202, reply.text);
    return String(documentOf(reply)['id']);
  };
  const put = (
    id: string,
    chunk: number | string,
    body: string | Uint8Array,
    type = NDJSON,
    headers: Record<string, string> = {},
  ) => at(`/${id}/audience/${chunk}`, { method: 'PUT', headers: { 'content-type': type, ...headers }, body });
  const seal = (id: string, recipients: number, chunks?: number) =>
    post(`/${id}/seal`, { recipients, ...(chunks !== undefined && { chunks }) });

  async function storedOf(id: string, lane: 'bulk' | 'urgent' = 'bulk', channel = 'msteams') {
    while ((await rig.store.settlePauses({ at: rig.clock.now(), limit: 10 })) > 0);
    const queue = { lane, size: 'large', botId: BOT, connectionId: connectionId(BOT, channel, null) } as const;
    const batches = await rig.store.claimDue({ queue, owner: 'test', leaseMs: 60_000, limit: 1_000 });
    return batches.filter(({ notificationId }) => notificationId === id).flatMap(({ recipients }) => recipients);
  }

  it('opens, shows what is there, and sends nothing before the seal', async () => {
    const opened = await post('', OPEN, { 'idempotency-key': 'once' });
    assert.equal(opened.status, 202);
    const id = String(documentOf(opened)['id']);
    assert.equal(opened.headers.get('location'), `/api/v1/bots/${BOT}/notifications/${id}`);
    const none = { total: 0, pending: 0, delivered: 0 };
    assert.partialDeepStrictEqual(opened.json, { counts: none, state: 'receiving', priority: 'bulk' });
    assert.equal((await post('', OPEN, { 'idempotency-key': 'once' })).text, opened.text);

    const first = await put(id, 7, '"ann@abc.com"\n{"email":"bob@abc.com","parameters":{"name":"Bob"}}');
    assert.deepEqual([first.status, first.json], [200, { chunk: 7, recipients: 2, suppressed: 0 }]);
    assert.deepEqual((await put(id, 2, '"cid"\n')).status, 200);
    assert.partialDeepStrictEqual((await at(`/${id}`)).json, { counts: { total: 3, pending: 3 } });
    const { chunks, nextCursor } = documentOf(await at(`/${id}/audience?limit=1`));
    const sha256 = createHash('sha256').update('"cid"\n').digest('hex');
    assert.deepEqual(chunks, [{ chunk: 2, sha256, recipients: 1, suppressed: 0 }]);
    const rest = documentOf(await at(`/${id}/audience?cursor=${nextCursor}`));
    assert.deepEqual(
      [Array.isArray(rest['chunks']) ? rest['chunks'].length : 0, rest['nextCursor'], rest['recipients']],
      [1, null, 3],
    );
    assert.deepEqual(await storedOf(id), []);

    const sealed = await seal(id, 3, 2);
    assert.equal(sealed.status, 202);
    assert.partialDeepStrictEqual(sealed.json, { id, counts: { total: 3, pending: 3 } });
    assert.equal(documentOf(sealed)['state'], 'sending');
    assert.deepEqual((await at(`/${id}`)).json, sealed.json);
    assert.deepEqual((await seal(id, 3, 2)).json, sealed.json);
    assertProblem(await seal(id, 4), 409, 'audience_incomplete', /was sealed before, with 3 recipients/);
    assert.deepEqual(
      (await storedOf(id)).map(({ seq, identity, parameters }) => [seq, identity, parameters]),
      [
        [0, 'ann@abc.com', { name: 'all' }],
        [1, 'bob@abc.com', { name: 'Bob' }],
        [2, 'cid', { name: 'all' }],
      ],
    );
    assertProblem(await put(id, 9, '"late"'), 409, 'audience_sealed');
    assertProblem(await at(`/${id}/audience`), 404, 'not_found');
  });

  it('reads CSV: who it is, their own message, and a parameter for each other column', async () => {
    const id = await open({ priority: 'urgent' });
    const csv =
      'Email,message,name,city\r\nann@abc.com,,Ann,"Oslo, Norway"\r\n"bob@abc.com","Only\nyou {name}",Bob,\r\n';
    assert.equal((await put(id, 0, csv, CSV)).status, 200);
    await seal(id, 2);
    assert.deepEqual(
      (await storedOf(id, 'urgent')).map(({ identity, customMessage, parameters }) => ({
        identity,
        customMessage,
        parameters,
      })),
      [
        { identity: 'ann@abc.com', customMessage: null, parameters: { name: 'Ann', city: 'Oslo, Norway' } },
        { identity: 'bob@abc.com', customMessage: 'Only\nyou {name}', parameters: { name: 'Bob' } },
      ],
    );
  });

  it('takes the same chunk again, and nothing else under its number', async () => {
    const id = await open({ deduplicate: true });
    const once = await put(id, 0, '"a@abc.com"\n"A@abc.com"\n"b"\n');
    assert.deepEqual(once.json, { chunk: 0, recipients: 3, suppressed: 1 });
    assert.equal((await put(id, 0, '"a@abc.com"\n"A@abc.com"\n"b"\n')).text, once.text);
    assertProblem(await put(id, 0, '"a@abc.com"\n'), 409, 'chunk_conflict');
    assert.partialDeepStrictEqual((await at(`/${id}`)).json, {
      counts: { total: 3, pending: 2, suppressed: 1 },
      reasons: { duplicate: 1 },
    });
    const sealed = await seal(id, 3);
    assert.partialDeepStrictEqual(sealed.json, {
      counts: { total: 3, pending: 2, suppressed: 1 },
      reasons: { duplicate: 1 },
    });
    const rows = documentOf(await at(`/${id}/recipients`))['recipients'];
    assert.ok(Array.isArray(rows));
    assert.partialDeepStrictEqual(rows, [{ identity: 'A@abc.com', state: 'suppressed', reason: 'duplicate' }]);
  });

  it('says line, field and fix of whatever is bad, and takes nobody of the chunk', async () => {
    const id = await open();
    const bad = [
      '"fine@abc.com"',
      '{"email":"a","phoneNumber":"1"}',
      'nonsense',
      '{"email":"x","parameters":{"n":7}}',
      '"nul\\u0000"',
      '{"email":"x","message":{"type":"native","payload":{}}}',
      '{"emial":"x"}',
    ];
    const errors = await errorsOf(await put(id, 0, bad.join('\n')), 6);
    assert.deepEqual(
      errors.map(({ line, field }) => [line, field]),
      [
        [2, null],
        [3, null],
        [4, 'parameters.n'],
        [5, null],
        [6, 'message.type'],
        [7, 'emial'],
      ],
    );
    assert.match(String(errors[0]?.['message']), /says twice who it is/);
    assert.match(String(errors[5]?.['message']), /is not known here; known are identity, email/);
    const rows = await errorsOf(await put(id, 0, 'email,name\nann@abc.com\n,Bob\n"open', CSV), 3);
    assert.deepEqual(
      rows.map(({ line, message }) => [line, String(message).slice(0, 20)]),
      [
        [2, 'has 1 cells, the hea'],
        [3, 'needs either identit'],
        [4, 'A quoted cell is nev'],
      ],
    );
    for (const [header, sentence] of [
      ['name', /no column that says who it is/],
      ['email;name', /separate the columns by commas/],
      ['email,name,name', /is there twice/],
      ['email,', /a column without a name/],
    ] as const) {
      const [only] = await errorsOf(await put(id, 0, `${header}\nx,y\nz\n`, CSV), 1);
      assert.match(String(only?.['message']), sentence);
    }
    assertProblem(await seal(id, 1), 409, 'audience_incomplete', /^0 recipients in 0 chunks are there$/);
  });

  it('refuses what is hostile, and stays as it was', async () => {
    const id = await open();
    const utf8 = await errorsOf(await put(id, 0, Uint8Array.of(0x22, 0xff, 0x22, 0x0a)), 1);
    assert.match(String(utf8[0]?.['message']), /not valid UTF-8/);
    assert.match(
      String((await errorsOf(await put(id, 0, 'x'.repeat(70_000)), 1))[0]?.['message']),
      /longer than 64 KiB/,
    );
    assertProblem(await put(id, 0, 'x'.repeat(5 * 1024 * 1024)), 413, 'body_too_large');
    assertProblem(await put(id, 0, '"a"\n'.repeat(10_001)), 413, 'body_too_large', /at most 10000 recipients/);
    assertProblem(await put(id, 0, '\n\n'), 400, 'body_invalid', /names nobody/);
    assertProblem(await put(id, 0, 'email\n', CSV), 400, 'body_invalid', /names nobody/);
    for (const chunk of ['10000', '-1', '01', 'x', '1e3']) {
      assertProblem(await put(id, chunk, '"a"'), 400, 'body_invalid');
    }
    assertProblem(await put(id, 0, '["a"]', 'application/json'), 415, 'media_type');
    const digest = (text: string) => ({
      'content-digest': `sha-256=:${createHash('sha256').update(text).digest('base64')}:`,
    });
    assertProblem(await put(id, 0, '"a"', NDJSON, digest('"b"')), 400, 'digest_mismatch');
    assertProblem(await put(id, 0, '"a"', NDJSON, { 'content-digest': 'sha-256=nonsense' }), 400, 'body_invalid');
    assertProblem(await put(randomId('ds'), 0, '"a"'), 404, 'not_found');
    assertProblem(await put('ds-nonsense', 0, '"a"'), 404, 'not_found');
    assert.partialDeepStrictEqual((await at(`/${id}`)).json, { counts: { total: 0 } });
    assert.equal((await put(id, 0, '"a"', NDJSON, digest('"a"'))).status, 200);
  });

  it('takes nothing of a chunk that broke off', async () => {
    const id = await open();
    const sent = openRequest(`${rig.url}/api/v1/bots/${BOT}/notifications/${id}/audience/0`, {
      method: 'PUT',
      headers: { auth: await tokenFor('cs-both'), 'content-type': NDJSON, 'content-length': '1000' },
    });
    const isOver = new Promise<void>((resolve) => sent.on('error', () => resolve()));
    sent.write('"a@abc.com"\n"b@abc.com"\n', () => sent.destroy());
    await isOver;
    assert.partialDeepStrictEqual((await at(`/${id}`)).json, { counts: { total: 0 } });
    assert.equal((await put(id, 0, '"a@abc.com"\n')).status, 200);
  });

  it('names the chunks that are missing, and knows no other bot', async () => {
    const id = await open();
    await put(id, 0, '"a"');
    await put(id, 3, '"b"');
    assertProblem(
      await seal(id, 2, 4),
      409,
      'audience_incomplete',
      /2 recipients in 2 chunks are there; missing are 1, 2/,
    );
    assertProblem(await seal(id, 3), 409, 'audience_incomplete', /^2 recipients in 2 chunks are there$/);
    assertProblem(await post(`/${id}/seal`, { recipients: 0 }), 400, 'body_invalid');
    const other = await call(rig, `/api/v1/bots/${OTHER_BOT}/notifications/${id}`, {
      headers: { auth: await tokenFor('cs-both') },
    });
    assert.equal(other.status, 404);
  });

  it('is cancelled with everybody who was uploaded, or with nobody', async () => {
    const id = await open();
    assertProblem(await at(`/${id}/recipients`), 409, 'audience_unsealed');
    await put(id, 0, '"a"\n"b"');
    const cancelled = await post(`/${id}/cancel`, {});
    assert.partialDeepStrictEqual(cancelled.json, { cancelled: 2, inFlight: 0, alreadyFinal: 0 });
    assertProblem(await seal(id, 3), 409, 'audience_incomplete');
    await rig.store.endCancelled({ at: rig.clock.now(), limit: 10 });
    assert.partialDeepStrictEqual((await at(`/${id}`)).json, { counts: { total: 2, cancelled: 2 } });
    const empty = await open();
    assert.partialDeepStrictEqual((await post(`/${empty}/cancel`, {})).json, { cancelled: 0, alreadyFinal: 0 });
    assertProblem(await at(`/${empty}`), 404, 'not_found');
  });

  it('stands in place of recipients, and is judged like any other send', async () => {
    const both = await post('', { ...OPEN, recipients: ['a'] });
    assert.equal(documentOf(both)['pointer'], '/audience');
    const neither = await post('', { ...OPEN, audience: undefined });
    assert.equal(documentOf(neither)['pointer'], '/recipients');
    const unknown = await post('', { ...OPEN, channel: 'pigeon' });
    assert.equal(documentOf(unknown)['pointer'], '/channel');
  });

  it('is there also for who looks in the moment it is sealed', async () => {
    let between = async () => {};
    const own = await startRig({
      around: (store) => ({
        ...store,
        async findNotification(key) {
          const found = await store.findNotification(key);
          await between();
          return found;
        },
      }),
    });
    const auth = await tokenFor('cs-both');
    const ask = (path: string, method: string, type: string, body?: string) =>
      call(own, `/api/v1/bots/${BOT}/notifications${path}`, {
        method,
        headers: { auth, 'content-type': type },
        ...(body !== undefined && { body }),
      });
    const { id } = documentOf(await ask('', 'POST', 'application/json', JSON.stringify(OPEN)));
    await ask(`/${id}/audience/0`, 'PUT', NDJSON, '"a"');
    const key = { botId: BOT, notificationId: String(id) };
    between = async () => {
      await own.store.sealAudience({ ...key, expected: null, at: own.clock.now(), isCancelled: false });
    };
    const seen = await ask(`/${id}`, 'GET', NDJSON);
    assert.partialDeepStrictEqual(seen.json, { id, state: 'sending', counts: { total: 1 } });
    await own.close();
  });

  it('opens a hundred for a bot and no more', async () => {
    const own = await startRig();
    const openOne = async () =>
      call(own, `/api/v1/bots/${BOT}/notifications`, {
        method: 'POST',
        headers: { auth: await tokenFor('cs-both'), 'content-type': 'application/json' },
        body: JSON.stringify(OPEN),
      });
    for (let opened = 0; opened < 100; opened += 1) assert.equal((await openOne()).status, 202);
    const refused = await openOne();
    assertProblem(refused, 429, 'audiences_open');
    assert.equal(refused.headers.get('retry-after'), '60');
    await own.close();
  });

  it('counts what is uploaded against what may wait', async () => {
    const own = await startRig({ backlogLimits: { maxBotBacklog: 3, maxBacklog: 0 } });
    const auth = await tokenFor('cs-both');
    const ask = (path: string, method: string, type: string, body: string) =>
      call(own, `/api/v1/bots/${BOT}/notifications${path}`, { method, headers: { auth, 'content-type': type }, body });
    const { id } = documentOf(await ask('', 'POST', 'application/json', JSON.stringify(OPEN)));
    assert.equal((await ask(`/${id}/audience/0`, 'PUT', NDJSON, '"a"\n"b"\n"c"')).status, 200);
    const refused = await ask(`/${id}/audience/1`, 'PUT', NDJSON, '"d"');
    assertProblem(refused, 429, 'bot_backlog_full');
    await own.close();
  });
});

describe('leaving out who is named again in one call', () => {
  it('ends them as suppressed, and the answer says so', async () => {
    const rig = await startRig();
    const headers = { auth: await tokenFor('cs-both'), 'content-type': 'application/json' };
    const body = JSON.stringify({
      channel: 'msteams',
      message: { type: 'text', val: 'x' },
      recipients: ['a@abc.com', { email: 'A@abc.com' }, 'b@abc.com'],
      deduplicate: true,
    });
    const url = `/api/v1/bots/${BOT}/notifications`;
    const sent = await call(rig, url, { method: 'POST', headers, body });
    assert.partialDeepStrictEqual(sent.json, {
      counts: { total: 3, pending: 2, suppressed: 1 },
      reasons: { duplicate: 1 },
    });
    const shown = await call(rig, `${url}/${documentOf(sent)['id']}`, { headers });
    assert.deepEqual(shown.json, sent.json);
    await rig.close();
  });
});

async function errorsOf(reply: Reply, bad: number): Promise<JsonObject[]> {
  assertProblem(reply, 422, 'chunk_invalid');
  const { errors, bad: counted } = documentOf(reply);
  assert.ok(Array.isArray(errors));
  assert.equal(counted, bad);
  return errors.filter(isJsonObject);
}
