import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it, type TestContext } from 'node:test';
import { BOT, call, post, type Rig, startRig, tokenFor } from '../../test/support/http-rig.ts';
import { StoreFull, StoreUnavailable } from '../store/port/errors.ts';
import type { Store } from '../store/port.ts';

const NOTIFY = `/api/public/bot/${BOT}/notify`;
const body = {
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'canary-message' },
  identities: ['canary-person@b.c'],
};

describe('requests off the wire', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig({ limits: { bodyWindowMs: 5000 } });
  });
  after(() => rig.close());

  const json = JSON.stringify(body);
  const post2 = `POST ${NOTIFY} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;
  const hidden = 'GET /healthz?hidden HTTP/1.1\r\nHost: a\r\n\r\n';
  const malformed: readonly [name: string, bytes: string][] = [
    ['length and chunks at once', `${post2}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['two lengths', `${post2}Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}${hidden}`],
    ['a signed length', `${post2}Content-Length: +2\r\n\r\n{}${hidden}`],
    ['a length with a blank', `${post2}Content-Length: 2 2\r\n\r\n{}${hidden}`],
    ['an unknown transfer coding', `${post2}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['chunked, then identity', `${post2}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
    ['a control character in a header', `${post2}X: a\x01b\r\nContent-Length: 2\r\n\r\n{}${hidden}`],
    ['NUL in a header', `${post2}X: a\0b\r\nContent-Length: 2\r\n\r\n{}${hidden}`],
    ['bare line feeds', `GET /healthz HTTP/1.1\nHost: a\n\n${hidden}`],
    ['a folded header', `${post2}X: a\r\n b: c\r\nContent-Length: 2\r\n\r\n{}${hidden}`],
    ['a blank before the colon', `${post2}Content-Length : 2\r\n\r\n{}${hidden}`],
    ['a chunk size that is none', `${post2}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${hidden}`],
    ['a chunk longer than told', `${post2}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n${hidden}`],
    [
      'a chunk size of many digits',
      `${post2}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n${hidden}`,
    ],
    ['no Host', `GET /healthz HTTP/1.1\r\n\r\n`],
    ['two Hosts', `GET /healthz HTTP/1.1\r\nHost: a\r\nhost: b\r\nConnection: close\r\n\r\n`],
    ['a whole URL as target', `GET http://b/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ['a star as target', `OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ['a target without a slash', `GET healthz HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a broken escape in the path', `GET ${NOTIFY}/status/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
  ];
  for (const [name, bytes] of malformed) {
    it(`${name}: 400, closed, nothing behind it served`, async () => {
      const answer = await exchange(rig, bytes);
      // Without a token the answer may come before the broken part of the body is read.
      assert.match(answer, /^HTTP\/1\.1 (400 |401 [\s\S]*HTTP\/1\.1 400 )/);
      assert.ok(!answer.includes('"status":"ok"'), answer);
    });
  }

  it('headers beyond 16 KiB: 431', async () => {
    const answer = await exchange(rig, `GET /healthz HTTP/1.1\r\nHost: a\r\nauth: ${'x'.repeat(17_000)}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 431 [\s\S]*"code":431/);
  });

  it('a request cut short is told by its length', async () => {
    const answer = await exchange(
      rig,
      `${post2}auth: ${await tokenFor('cs-builder')}\r\nContent-Length: 9999\r\n\r\n{}`,
      'end',
    );
    assert.ok(answer === '' || answer.startsWith('HTTP/1.1 400 '), answer);
  });

  it('two auth headers are no token', async () => {
    const token = await tokenFor('cs-builder');
    const answer = await exchange(
      rig,
      `GET ${NOTIFY}/status/x HTTP/1.1\r\nHost: a\r\nauth: ${token}\r\nauth: ${token}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 401 [\s\S]*Invalid JWT token/);
  });

  it('requests in one packet are all answered, in order', async () => {
    const answer = await exchange(rig, `${hidden}${hidden.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}`);
    assert.equal(answer.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
  });

  it('trickled headers are cut off with 408', async (t) => {
    const strict = await rigFor(t, { limits: { headersTimeoutMs: 100, checkIntervalMs: 30 } });
    const answer = await exchange(strict, 'GET /healthz HTTP/1.1\r\nHost: a\r\nX: ');
    assert.match(answer, /^HTTP\/1\.1 408 /);
  });

  it('a body that does not arrive in time is cut off with 408, and a whole one stops the watch', async () => {
    assert.equal((await post(rig, 'notify', body)).status, 200);
    // The store is told of it, which is not what is waited for here.
    rig.clock.advance(500);
    // The watch ends with the exchange on the server's side, a moment after the client has its answer.
    while (rig.clock.waiting() > 0) await new Promise(setImmediate);
    const head = `${post2}auth: ${await tokenFor('cs-builder')}\r\nContent-Length: ${json.length}\r\n\r\n${json.slice(0, 20)}`;
    const answered = exchange(rig, head);
    while (rig.clock.waiting() === 0) await new Promise(setImmediate);
    rig.clock.advance(5000);
    const answer = await answered;
    assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*\{"errors":\[\{"msg":"Request Timeout","code":408\}\]\}/);
  });

  it('a long silence before the first byte ends the connection', async (t) => {
    const quiet = await rigFor(t, { limits: { idleTimeoutMs: 100 } });
    assert.equal(await exchange(quiet, ''), '');
  });
});

describe('when things are broken', () => {
  const broken =
    (error: Error) =>
    (store: Store): Store => ({
      ...store,
      accept: () => Promise.reject(error),
      findNotification: () => Promise.reject(error),
      useJti: () => Promise.reject(error),
      ping: () => Promise.reject(error),
    });

  it('a store that cannot be reached: 503 in the envelope with Retry-After, and /readyz says so', async (t) => {
    const rig = await rigFor(t, { around: broken(new StoreUnavailable('connect ECONNREFUSED secret-host')) });
    const status = `${NOTIFY}/status/ds-00000000-0000-5000-8000-000000000000`;
    const replies = [
      await post(rig, 'notify', body),
      await call(rig, status, { headers: { auth: await tokenFor('cs-builder') } }),
      await call(rig, status, {
        headers: { auth: await tokenFor('cs-jti', { jti: 'a', exp: Math.floor(rig.clock.now() / 1000) + 60 }) },
      }),
    ];
    for (const reply of replies) {
      assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '2']);
      assert.match(
        reply.text,
        /^\{"errors":\[\{"msg":"Service Unavailable: the database cannot be reached just now; try again","code":503\}\]\}$/,
      );
    }
    const ready = await call(rig, '/readyz');
    assert.deepEqual(
      [ready.status, ready.headers.get('content-type')],
      [503, 'application/problem+json; charset=utf-8'],
    );
    assert.match(ready.text, /"code":"store_unavailable"/);
    assert.equal((await call(rig, '/healthz')).status, 200);
  });

  it('a store that takes nothing new: 503 with the reason and Retry-After, and what was accepted can be asked about', async (t) => {
    const accept = () => Promise.reject(new StoreFull('another program reads in it'));
    const rig = await rigFor(t, { around: (store) => ({ ...store, accept }) });
    const reply = await post(rig, 'notify', body);
    assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '10']);
    assert.match(reply.text, /"msg":"Service Unavailable: another program reads in it","code":503/);
    const status = `${NOTIFY}/status/ds-00000000-0000-5000-8000-000000000000`;
    assert.equal((await call(rig, status, { headers: { auth: await tokenFor('cs-builder') } })).status, 400);
  });

  it('a bug: 500 that says nothing to the caller and enough to the operator', async (t) => {
    const rig = await rigFor(t, { around: broken(new TypeError('secret detail of a bug')) });
    const reply = await post(rig, 'notify', body);
    assert.deepEqual([reply.status, reply.text], [500, '{"errors":[{"msg":"Internal Server Error","code":500}]}']);
    const line = rig.lines.find(({ event }) => event === 'request failed');
    assert.equal(line?.fields.route, '/api/public/bot/:botId/notify');
    assert.match(String(line?.fields.error), /secret detail of a bug/);
  });

  it('a store that never answers the probe: /readyz gives up', async (t) => {
    const rig = await rigFor(t, { around: (store) => ({ ...store, ping: () => new Promise(() => {}) }) });
    const answered = call(rig, '/readyz');
    while (rig.clock.waiting() === 0) await new Promise(setImmediate);
    rig.clock.advance(2000);
    assert.equal((await answered).status, 503);
  });
});

describe('health, keys and the log', () => {
  it('/healthz and /readyz answer without a token, /readyz with the schema version', async (t) => {
    let draining = false;
    const rig = await rigFor(t, { isDraining: () => draining });
    assert.deepEqual((await call(rig, '/healthz')).json, { status: 'ok' });
    const version = await rig.store.schemaVersion();
    assert.deepEqual((await call(rig, '/readyz')).json, { status: 'ready', store: 'sqlite', schemaVersion: version });
    draining = true;
    const reply = await call(rig, '/readyz');
    assert.deepEqual([reply.status, /"code":"draining"/.test(reply.text)], [503, true]);
    assert.equal((await call(rig, '/healthz')).status, 200);
  });

  it('the platform key is published as a JWK set', async (t) => {
    const rig = await rigFor(t);
    const reply = await call(rig, '/.well-known/jwks.json');
    assert.equal(reply.headers.get('content-type'), 'application/jwk-set+json; charset=utf-8');
    assert.deepEqual(reply.json, { keys: [(await rig.platformKey()).publicJwk] });
    assert.equal((await call(rig, '/.well-known/jwks.json/')).status, 200);
  });

  it('every request is one line of known fields, and nothing a caller wrote is in any', async (t) => {
    const rig = await rigFor(t);
    const token = await tokenFor('cs-builder', { sub: 'canary-subject' });
    const headers = { 'x-canary': 'canary-header', 'idempotency-key': 'canary-key' };
    await post(rig, 'notify?canary-query=1', body, { token, headers });
    await post(rig, 'notify', '{"canary-broken', { token });
    await post(rig, 'notify', body, { token: 'canary-token' });
    await post(rig, 'notify', body, { bot: 'canary-bot', token });
    await call(rig, `/canary-path?canary-query`);
    await call(rig, `/api/public/bot/${BOT}/notify/status/canary-id`, { headers: { auth: token } });
    assert.deepEqual(
      rig.lines.map(({ event, fields }) => [
        event,
        fields.method,
        fields.route,
        fields.status,
        fields.botId,
        fields.appId,
      ]),
      [
        ['request answered', 'POST', '/api/public/bot/:botId/notify', 200, BOT, 'cs-builder'],
        ['request answered', 'POST', '/api/public/bot/:botId/notify', 412, BOT, 'cs-builder'],
        ['request answered', 'POST', '/api/public/bot/:botId/notify', 401, null, null],
        ['request answered', 'POST', '/api/public/bot/:botId/notify', 401, null, null],
        ['request answered', 'GET', null, 404, null, null],
        ['request answered', 'GET', '/api/public/bot/:botId/notify/status/:requestId', 400, BOT, 'cs-builder'],
      ],
    );
    assert.ok(rig.lines.every(({ fields }) => typeof fields.durationMs === 'number'));
    assert.ok(!/canary/i.test(JSON.stringify(rig.lines)));
    assert.ok(!JSON.stringify(rig.lines).includes(token.slice(0, 20)));
  });
});

async function rigFor(t: TestContext, options: Parameters<typeof startRig>[0] = {}): Promise<Rig> {
  const rig = await startRig(options);
  t.after(() => rig.close());
  return rig;
}

/** Sends bytes as they are and answers all that comes back until the server hangs up. */
async function exchange(rig: Rig, bytes: string, then: 'wait' | 'end' = 'wait'): Promise<string> {
  const socket: Socket = connect(rig.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(bytes, 'latin1');
  if (then === 'end') socket.end();
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}
