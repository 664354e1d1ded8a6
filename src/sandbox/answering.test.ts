import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { beforeEach, test } from 'node:test';
import type { Fault } from './faults.ts';
import { call, errorCodeOf, openManualClock, openRig } from './test-rig.ts';

const clock = openManualClock();
const sandbox = await openRig({ clock });
const { faults, ledger, urls } = sandbox;
beforeEach(() => sandbox.reset());

const deliver = () => call(`${urls.hooks}/demo`, { body: { to: 'jane' } });

function strikeOnce(fault: Fault): void {
  faults.set([{ times: 1, fault }]);
}

test('a status comes with its headers and body, and nothing is processed', async () => {
  strikeOnce({ kind: 'status', status: 418, headers: { 'X-Tea': 'no' }, body: { tea: false } });
  const reply = await deliver();
  assert.deepEqual([reply.status, reply.json, reply.headers.get('x-tea')], [418, { tea: false }, 'no']);
  strikeOnce({ kind: 'status', status: 302, headers: { Location: 'http://169.254.169.254/' }, body: 'gone' });
  assert.deepEqual([(await deliver()).status, ledger.total()], [302, 0]);
});

test('an error may be answered although the message was taken', async () => {
  strikeOnce({ kind: 'status', status: 500, processed: true });
  assert.deepEqual([(await deliver()).status, ledger.total()], [500, 1]);
});

test('Retry-After comes as seconds or as a date', async () => {
  strikeOnce({ kind: 'status', status: 429, retryAfterSeconds: 7 });
  assert.equal((await deliver()).headers.get('retry-after'), '7');
  strikeOnce({ kind: 'status', status: 503, retryAfterSeconds: 7, retryAfterAsDate: true });
  assert.equal((await deliver()).headers.get('retry-after'), new Date(clock.now() + 7000).toUTCString());
});

const WORDINGS = [
  ['login/x/oauth2/v2.0/token', 429, /AADSTS90055/],
  ['login/x/oauth2/v2.0/token', 401, /AADSTS7000215/],
  ['teams/v3/conversations', 401, /Authorization has been denied/],
  ['teams/v3/conversations', 429, /Throttled/],
  ['teams/v3/conversations', 500, /ServiceError/],
  ['teams/v3/conversations', 502, /<html>/],
  ['teams/v3/conversations', 503, /^$/],
  ['slack/api/auth.test', 429, /"ratelimited"/],
  ['slack/api/auth.test', 503, /"service_unavailable"/],
] as const;

for (const [path, status, wording] of WORDINGS) {
  test(`${path} words ${status} as its provider does`, async () => {
    strikeOnce({ kind: 'status', status });
    const reply = await call(`${urls.base}/${path}`);
    assert.equal(reply.status, status);
    assert.match(reply.text, wording);
  });
}

test('a reset before: the caller has no answer and the ledger no entry', async () => {
  strikeOnce({ kind: 'reset' });
  assert.equal(await errorCodeOf(deliver()), 'ECONNRESET');
  assert.equal(ledger.total(), 0);
});

test('a reset after: the caller has no answer, yet the message arrived', async () => {
  strikeOnce({ kind: 'reset', processed: true });
  assert.equal(await errorCodeOf(deliver()), 'ECONNRESET');
  assert.equal(ledger.countOf('hooks', 'jane'), 1);
  assert.equal(sandbox.stats().calls.hooks?.['deliver']?.unanswered, 1);
});

test('a cut answer breaks off after its head', async () => {
  strikeOnce({ kind: 'cut' });
  const response = await fetch(`${urls.hooks}/demo`, { method: 'POST', body: '{}' });
  assert.equal(response.status, 200);
  assert.equal(await errorCodeOf(response.text()), 'UND_ERR_SOCKET');
  assert.equal(ledger.total(), 1);
});

test('garbage has the status of a success', async () => {
  strikeOnce({ kind: 'garbage' });
  const reply = await deliver();
  assert.equal(reply.status, 200);
  assert.throws(() => JSON.parse(reply.text));
  assert.equal(ledger.total(), 1);
});

test('a hanging call is neither answered nor processed, and ends when the caller leaves', async () => {
  strikeOnce({ kind: 'hang' });
  const socket = await openRaw();
  await sandbox.until(() => sandbox.stats().inFlight === 1);
  socket.destroy();
  await sandbox.until(() => sandbox.stats().inFlight === 0);
  assert.equal(ledger.total(), 0);
  assert.equal(sandbox.stats().calls.hooks?.['deliver']?.unanswered, 1);
});

test('a slow call is carried out after the delay, even when its caller has left', async () => {
  strikeOnce({ kind: 'slow', delayMs: 5000 });
  const socket = await openRaw();
  await sandbox.until(() => sandbox.stats().inFlight === 1);
  socket.destroy();
  clock.advance(4999);
  assert.equal(ledger.total(), 0);
  clock.advance(1);
  await sandbox.until(() => sandbox.stats().inFlight === 0);
  assert.equal(ledger.total(), 1);
});

test('a delay may come before any fault', async () => {
  strikeOnce({ kind: 'status', status: 503, delayMs: 1000 });
  const pending = deliver();
  await sandbox.until(() => sandbox.stats().inFlight === 1);
  clock.advance(1000);
  assert.equal((await pending).status, 503);
});

test('an answer may trickle, a byte at a time', async () => {
  const real = await openRig();
  real.faults.add({ fault: { kind: 'trickle', everyMs: 1 } });
  const response = await fetch(`${real.urls.hooks}/demo`, { method: 'POST', body: '{}' });
  let chunks = 0;
  let text = '';
  for await (const chunk of response.body ?? []) {
    chunks++;
    text += Buffer.from(chunk).toString();
  }
  assert.equal(text, '{"received":"hook-1"}');
  assert.ok(chunks > 1, `${chunks} chunks`);
});

test('an answer may be huge', async () => {
  strikeOnce({ kind: 'huge', bytes: 1_000_001 });
  assert.equal((await deliver()).text.length, 1_000_001);
});

test('nothing goes wrong once the faults are gone', async () => {
  faults.add({ fault: { kind: 'reset' } });
  faults.clear();
  assert.equal((await deliver()).status, 200);
});

/** A webhook sent over a bare socket, whose other end can be hung up. */
async function openRaw() {
  const { hostname, port, pathname } = new URL(`${urls.hooks}/demo`);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(`POST ${pathname} HTTP/1.1\r\nhost: sandbox\r\ncontent-length: 2\r\n\r\n{}`);
  return socket;
}
