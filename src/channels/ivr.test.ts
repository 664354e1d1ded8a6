import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Value } from 'typebox/value';
import type { JsonObject } from '../model/json.ts';
import type { Outcome } from '../model/outcome.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { ivr } from './ivr.ts';
import { type Desk, openTestClock, openTestDesk, type TestClock } from './test-desk.ts';
import { readWebhookSecret, signWebhook } from './webhook-signature.ts';

const OLD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NEW_SECRET = 'whsec_c2FuZGJveC1zaWduaW5nLXNlY3JldC0wMDE=';
const CREATED_AT = Date.UTC(2021, 9, 11, 13, 44, 34, 675);

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('What goes over the wire', () => {
  test('a text', async () => {
    const desk = open();
    const outcome = await desk.send({
      key: 'ms-1',
      identity: 'jane@example.com',
      message: { type: 'text', text: 'Please provide your account number' },
      createdAt: CREATED_AT,
    });
    assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: 'hook-1' });
    assert.equal(
      desk.calls[0]?.body,
      '{"data":[{"type":"text","val":"Please provide your account number","createdOn":"2021-10-11T13:44:34.675Z",' +
        '"messageId":"ms-1"}],"_v":"v2","to":"jane@example.com","from":"st-test"}',
    );
  });

  test('a native payload', async () => {
    const desk = open();
    const payload = { buttons: ['yes', 'no'] };
    await desk.send({ key: 'ms-1', message: { type: 'native', payload }, createdAt: CREATED_AT });
    assert.equal(
      desk.calls[0]?.body,
      '{"data":[{"type":"template","val":{"buttons":["yes","no"]},"createdOn":"2021-10-11T13:44:34.675Z",' +
        '"messageId":"ms-1"}],"_v":"v2","to":"jane@example.com","from":"st-test"}',
    );
  });

  test('the same id and body on every attempt, and the time of each', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    const createdAt = clock.now();
    await desk.send({ key: 'ms-1', createdAt });
    clock.advance(61_000);
    await desk.send({ key: 'ms-1', createdAt });
    const [first, second] = desk.calls;
    assert.equal(first?.headers['webhook-id'], 'ms-1');
    assert.equal(second?.headers['webhook-id'], 'ms-1');
    assert.equal(second?.body, first?.body);
    assert.equal(Number(second?.headers['webhook-timestamp']) - Number(first?.headers['webhook-timestamp']), 61);
    assert.equal(Number(first?.headers['webhook-timestamp']) * 1000, createdAt);
  });

  test('headers of the operator, but none that are ours', async () => {
    const desk = open({
      headers: {
        Authorization: 'Basic abc',
        'X-Env': 'test',
        'Webhook-Id': 'forged',
        'WEBHOOK-SIGNATURE': 'forged',
        'Content-Type': 'text/plain',
        'content-length': '1',
        Host: 'evil.example',
        'Transfer-Encoding': 'chunked',
        Connection: 'close',
      },
    });
    assert.equal((await desk.send()).kind, 'accepted');
    assert.deepEqual(Object.keys(desk.calls[0]?.headers ?? {}).sort(), [
      'Authorization',
      'X-Env',
      'content-type',
      'user-agent',
      'webhook-id',
      'webhook-signature',
      'webhook-timestamp',
    ]);
    assert.equal(desk.calls[0]?.headers['content-type'], 'application/json');
  });
});

describe('The signature', () => {
  test('is the one of the standard’s example', () => {
    const webhook = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1614265330, body: '{"test": 2432232314}' };
    const signature = signWebhook(webhook, [readWebhookSecret(OLD_SECRET)]);
    assert.equal(signature, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('satisfies the standard’s own verifier, whatever the text', async () => {
    for (const text of ['hello', 'é 🧨', '\ud800', '\u0000"\\']) {
      const desk = open({ secret: NEW_SECRET });
      await desk.send({ message: { type: 'text', text } });
      const [call] = desk.calls;
      new Webhook(NEW_SECRET).verify(call?.body ?? '', { ...call?.headers });
    }
  });

  test('is made with both secrets while they change', async () => {
    const desk = open({ secret: NEW_SECRET, previousSecret: OLD_SECRET });
    await desk.send();
    const [call] = desk.calls;
    for (const secret of [NEW_SECRET, OLD_SECRET]) new Webhook(secret).verify(call?.body ?? '', { ...call?.headers });
    assert.throws(() => new Webhook(`whsec_${'A'.repeat(32)}`).verify(call?.body ?? '', { ...call?.headers }));
  });

  test('is checked by the receiver: with another secret nothing arrives', async () => {
    assert.equal((await open({ secret: OLD_SECRET }).send()).kind, 'failed');
    assert.equal(sandbox.ledger.total(), 0);
  });
});

/** A recipient, B connection, C failed, D busy */
const STATUSES: Readonly<Record<string, readonly number[]>> = {
  OK: [200, 201, 202, 204, 299],
  A: [300, 301, 302, 303, 307, 308],
  B: [410],
  C: [400, 401, 403, 404, 405, 408, 413, 415, 422, 425, 500, 501, 502, 503, 504, 599],
  D: [429],
};

describe('A webhook that is gone', () => {
  const goneOnce = () =>
    sandbox.faults.set([{ provider: 'hooks', times: 1, fault: { kind: 'status', status: 410, body: '' } }]);

  test('is told of once, for the connection, and never called again', async () => {
    goneOnce();
    const desk = open();
    const outcomes = [await desk.send(), await desk.send(), await desk.send()];
    assert.deepEqual(outcomes.map(classOf), ['B', 'A', 'A']);
    for (const outcome of outcomes) {
      assert.ok(outcome.kind === 'rejected' && outcome.reason === 'connection_refused');
      assert.match(outcome.detail, /answered 410.+off until its url is changed/);
    }
    assert.equal(desk.calls.length, 1);
  });

  test('is told of once even if many learn of it at the same moment', async () => {
    sandbox.faults.set([{ provider: 'hooks', fault: { kind: 'status', status: 410, body: '' } }]);
    const desk = open();
    const outcomes = await Promise.all([desk.send(), desk.send(), desk.send()]);
    assert.deepEqual(outcomes.map(classOf).sort(), ['A', 'A', 'B']);
  });

  test('may be back after a restart', async () => {
    goneOnce();
    await open().send();
    assert.equal((await open().send()).kind, 'accepted');
  });
});

describe('The webhook answers', () => {
  for (const [expected, statuses] of Object.entries(STATUSES)) {
    for (const status of statuses) {
      test(`${status}: ${expected}`, async () => {
        sandbox.faults.set([{ provider: 'hooks', fault: { kind: 'status', status, body: '' } }]);
        assert.equal(classOf(await open().send()), expected);
      });
    }
  }

  test('with an id that is none', async () => {
    const headers = { 'x-request-id': 'two words' };
    sandbox.faults.set([{ provider: 'hooks', fault: { kind: 'status', status: 200, body: '', headers } }]);
    assert.deepEqual(await open().send(), { kind: 'accepted', providerMessageId: null });
  });
});

/** [settings, fit] */
const SETTINGS: readonly (readonly [JsonObject, boolean])[] = [
  [{}, true],
  [{ previousSecret: OLD_SECRET }, true],
  [{ headers: { 'X-Key': 'abc' } }, true],
  [{ url: 'ftp://example.com/' }, false],
  [{ secret: 'whsec_c2hvcnQ=' }, false],
  [{ secret: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }, false],
  [{ secret: `whsec_${'A'.repeat(120)}` }, false],
  [{ headers: { 'X-Key': 'a\r\nX-Other: b' } }, false],
  [{ headers: { 'X Key': 'a' } }, false],
  [{ headers: { 'X-Key': 1 } }, false],
];

for (const [settings, isFit] of SETTINGS) {
  test(`settings ${JSON.stringify(settings).slice(0, 60)} are ${isFit ? 'taken' : 'refused'}`, () => {
    const whole = { url: 'https://example.com/hook', secret: OLD_SECRET, ...settings };
    assert.equal(Value.Check(ivr.settings, whole), isFit);
  });
}

function open(settings: JsonObject = {}, clock?: TestClock): Desk {
  const { urls, credentials } = sandbox;
  return openTestDesk({
    channel: ivr,
    settings: {
      url: `${urls.hooks}/${clock === undefined ? credentials.hook.name : 'any'}`,
      secret: credentials.hook.secret,
      ...settings,
    },
    address: { channelId: 'jane@example.com', reference: null },
    ...(clock === undefined ? {} : { clock }),
  });
}

function classOf(outcome: Outcome): string {
  if (outcome.kind === 'rejected') return { recipient: 'A', connection: 'B', message: 'M' }[outcome.scope];
  return { accepted: 'OK', failed: 'C', busy: 'D', unknown: 'U' }[outcome.kind];
}
