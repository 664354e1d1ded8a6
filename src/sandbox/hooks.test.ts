import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { call, openManualClock, openRig } from './test-rig.ts';

const OLD = `whsec_${Buffer.from('old secret of the rotated hook').toString('base64')}`;
const NEW = `whsec_${Buffer.from('new secret of the rotated hook').toString('base64')}`;
const clock = openManualClock();
const sandbox = await openRig({ clock, hookSecrets: { rotated: [NEW, OLD] } });
const { ledger, urls } = sandbox;
beforeEach(() => sandbox.reset());

const BODY = JSON.stringify({ to: 'jane@example.com', data: [{ type: 'text', val: 'Grüße' }], _v: 'v2' });

interface Delivery {
  readonly id?: string;
  readonly ageSeconds?: number;
  /** What is sent in the place of the body that was signed. */
  readonly sent?: string;
}

function deliver(
  hook: string,
  secrets: readonly string[],
  { id = 'ms-1', ageSeconds = 0, sent = BODY }: Delivery = {},
) {
  const at = new Date(clock.now() - ageSeconds * 1000);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, BODY)).join(' '),
  };
  return call(`${urls.hooks}/${hook}`, { headers, body: sent });
}

test('a message signed by the reference library verifies and is recorded', async () => {
  const { name, secret } = sandbox.credentials.hook;
  const reply = await deliver(name, [secret]);
  assert.equal(reply.status, 200);
  const [entry] = ledger.entries();
  assert.equal(entry?.recipient, 'jane@example.com');
  assert.equal(entry.conversation, name);
  assert.equal(entry.key, 'ms-1');
  assert.equal(entry.text, 'Grüße');
  assert.equal(entry.body, BODY);
  assert.equal(entry.messageId, reply.headers.get('x-request-id'));
  assert.deepEqual(entry.signature, { verdict: 'valid', timestamp: String(clock.now() / 1000) });
});

const ACCEPTED = [
  ['the new key', [NEW]],
  ['the old key', [OLD]],
  ['both', [OLD, NEW]],
  ['a stranger and the new key', [sandbox.credentials.hook.secret, NEW]],
] as const;

for (const [name, secrets] of ACCEPTED) {
  test(`while keys rotate, a signature by ${name} will do`, async () => {
    assert.equal((await deliver('rotated', secrets)).status, 200);
  });
}

const REFUSED = [
  ['a stranger alone', [sandbox.credentials.hook.secret], {}, /no signature/],
  ['another body', [NEW], { sent: `${BODY} ` }, /no signature/],
  ['an old timestamp', [NEW], { ageSeconds: 301 }, /five minutes/],
  ['a timestamp from the future', [NEW], { ageSeconds: -301 }, /five minutes/],
  ['no signature', [], {}, /are required/],
] as const;

for (const [name, secrets, change, error] of REFUSED) {
  test(`a hook with secrets refuses ${name}`, async () => {
    const reply = await deliver('rotated', secrets, change);
    assert.equal(reply.status, 401);
    assert.match(String(reply.json['error']), error);
    assert.equal(ledger.total(), 0);
  });
}

test('a hook with secrets asks for the three headers', async () => {
  assert.match((await call(`${urls.hooks}/rotated`, { body: BODY })).text, /are required/);
});

test('a hook without secrets takes anything that is posted', async () => {
  assert.equal((await call(`${urls.hooks}/plain`, { body: 'not json' })).status, 200);
  const [entry] = ledger.entries();
  assert.deepEqual([entry?.recipient, entry?.key, entry?.signature?.verdict], ['plain', null, 'unchecked']);
  assert.equal((await call(`${urls.hooks}/plain`, { method: 'GET' })).status, 405);
  assert.equal((await call(`${urls.hooks}/a/b`)).status, 404);
});

test('a webhook-id that comes again is a replay: recorded, not counted', async () => {
  for (const id of ['ms-1', 'ms-1', 'ms-2']) await deliver('plain', [NEW], { id });
  assert.deepEqual(
    ledger.entries().map(({ replay }) => replay),
    [false, true, false],
  );
  assert.deepEqual(ledger.counts('hooks'), { total: 2, replays: 1, recipients: { hooks: { 'jane@example.com': 2 } } });
});
