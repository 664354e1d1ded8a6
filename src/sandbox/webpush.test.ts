import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import webPush from 'web-push';
import { decryptPush } from './push-decryption.ts';
import { subscriptionAt } from './push-subscriptions.ts';
import { call, openManualClock, openRig, type Reply } from './test-rig.ts';

const clock = openManualClock(Date.now());
const sandbox = await openRig({ clock });
const { ledger, people, urls, credentials } = sandbox;
beforeEach(() => sandbox.reset());

const HOUR_S = 3_600;

interface Attempt {
  readonly name?: string;
  /** Whose keys it is encrypted for. */
  readonly keysOf?: string;
  readonly payload?: string | Buffer;
  readonly audience?: string;
  readonly publicKey?: string;
  readonly privateKey?: string;
  readonly leftS?: number;
  /** Besides the usual ones, or instead of them; an empty one is left out. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** As web-push itself would: its encryption, its token. */
async function push(attempt: Attempt = {}): Promise<Reply> {
  const { name = 'jane', keysOf = name, payload = '{"notification":{"body":"hello"}}' } = attempt;
  const { keys } = subscriptionAt(urls.webpush, keysOf);
  const { cipherText } = webPush.encrypt(keys.p256dh, keys.auth, payload, 'aes128gcm');
  const headers = { ttl: '60', 'content-encoding': 'aes128gcm', Authorization: authorize(attempt), ...attempt.headers };
  const given = Object.entries(headers).filter(([, value]) => value !== '');
  return callBytes(subscriptionAt(urls.webpush, name).endpoint, Object.fromEntries(given), cipherText);
}

function authorize({ audience = urls.base, leftS = 12 * HOUR_S, ...attempt }: Attempt): string {
  const { subject, vapidPublicKey, vapidPrivateKey } = credentials.webpush;
  const { publicKey = vapidPublicKey, privateKey = vapidPrivateKey } = attempt;
  const expiration = Math.floor(clock.now() / 1000) + leftS;
  return webPush.getVapidHeaders(audience, subject, publicKey, privateKey, 'aes128gcm', expiration).Authorization;
}

async function callBytes(url: string, headers: Record<string, string>, bytes: Buffer): Promise<Reply> {
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(bytes) });
  return { status: response.status, headers: response.headers, text: await response.text(), json: {} };
}

describe('A push message', () => {
  test('is decrypted, and told where it is', async () => {
    const reply = await push({ headers: { topic: 'news' } });
    const [entry] = ledger.entries();
    assert.deepEqual([reply.status, reply.text], [201, '']);
    assert.equal(reply.headers.get('location'), entry?.messageId);
    assert.match(entry?.messageId ?? '', /^http:\/\/127\.0\.0\.1:\d+\/webpush\/messages\/1$/);
    assert.deepEqual(
      [entry?.provider, entry?.recipient, entry?.key, entry?.text, entry?.body],
      ['webpush', 'jane', 'news', 'hello', '{"notification":{"body":"hello"}}'],
    );
  });

  test('may be any text of up to 3,993 bytes', async () => {
    assert.equal((await push({ payload: 'é'.repeat(1996) })).status, 201);
    assert.equal((await push({ payload: 'x'.repeat(3993) })).status, 201);
    assert.equal((await push({ payload: 'x'.repeat(3994) })).status, 413);
    assert.deepEqual(
      ledger.entries().map(({ text, body }) => [text, body?.length]),
      [
        [null, 1996],
        [null, 3993],
      ],
    );
  });

  test('of the same topic is another one, for the browser is on', async () => {
    for (const _round of [1, 2]) await push({ headers: { topic: 'news' } });
    assert.equal(ledger.countOf('webpush', 'jane'), 2);
  });
});

const other = webPush.generateVAPIDKeys();

/** [what is wrong, the attempt, status, words] */
const REFUSED: readonly (readonly [string, Attempt, number, RegExp])[] = [
  ['no sender', { headers: { Authorization: '' } }, 403, /the Authorization header is missing/],
  ['a sender of another kind', { headers: { Authorization: 'Bearer x' } }, 403, /must be: vapid/],
  ['no key', { headers: { Authorization: 'vapid t=a.b.c, k=AAAA' } }, 403, /no P-256 key/],
  ['a token somebody else signed', { privateKey: other.privateKey }, 403, /not signed with the key in k/],
  ['a token for another service', { audience: 'https://fcm.googleapis.com' }, 403, /aud must be the origin/],
  ['a token for another port', { audience: 'http://127.0.0.1:1' }, 403, /aud must be the origin/],
  ['a token that has expired', { leftS: -1 }, 403, /exp must be in the future/],
  ['another key than the subscription’s', other, 403, /do not correspond to the credentials used to create/],
  ['a browser that subscribed with another key', { name: 'otherkey-1' }, 403, /do not correspond/],
  ['a browser nobody knows', { name: 'unknown-1' }, 404, /unsubscribed or expired/],
  ['a browser that unsubscribed', { name: 'gone-1' }, 410, /unsubscribed or expired/],
  ['no TTL', { headers: { ttl: '' } }, 400, /TTL/],
  ['a TTL in words', { headers: { ttl: 'long' } }, 400, /TTL/],
  ['a long topic', { headers: { topic: 'x'.repeat(33) } }, 400, /Topic/],
  ['an unknown urgency', { headers: { urgency: 'now' } }, 400, /Urgency/],
  ['no encryption', { headers: { 'content-encoding': '' } }, 400, /Content-Encoding/],
  ["somebody else's encryption", { keysOf: 'john' }, 400, /not encrypted for this subscription/],
];

describe('A refusal', () => {
  for (const [name, attempt, status, words] of REFUSED) {
    test(`of ${name} is a ${status}, and nothing arrives`, async () => {
      const reply = await push(attempt);
      assert.equal(reply.status, status);
      assert.match(reply.text, words);
      assert.equal(ledger.total(), 0);
    });
  }

  test('of a token that is good for more than a day', async () => {
    const headers = { Authorization: authorize({ leftS: 23 * HOUR_S }) };
    clock.advance(-2 * HOUR_S * 1000);
    assert.match((await push({ headers })).text, /at most 24 hours/);
    clock.advance(2 * HOUR_S * 1000);
    assert.equal((await push({ headers })).status, 201);
  });

  test('of somebody whose state was changed, until it is changed back', async () => {
    people.change({ webpush: [{ match: 'ja*', state: 'gone' }] });
    assert.equal((await push()).status, 410);
    people.change({ webpush: [{ match: 'jane', state: 'subscribed' }] });
    assert.equal((await push()).status, 201);
    people.reset({ strict: true });
    assert.equal((await push()).status, 404);
  });

  test('is worded when a fault names a status only', async () => {
    sandbox.faults.set([
      { provider: 'webpush', route: 'send', fault: { kind: 'status', status: 429, retryAfterSeconds: 7 } },
    ]);
    const { status, headers, text } = await push();
    assert.deepEqual([status, headers.get('retry-after'), text], [429, '7', 'too many requests\n']);
    assert.equal(ledger.total(), 0);
  });

  test('of anything but a push', async () => {
    const { endpoint } = subscriptionAt(urls.webpush, 'jane');
    assert.equal((await call(endpoint, { method: 'GET' })).status, 405);
    assert.equal((await call(`${urls.webpush}/a/b`)).status, 404);
    assert.equal((await call(`${urls.webpush}/`)).status, 404);
  });
});

test('the control tells what a browser subscribed with', async () => {
  const { json } = await call(`${urls.base}/control/subscription?name=jane%20d`, { method: 'GET' });
  assert.deepEqual(json, JSON.parse(JSON.stringify(subscriptionAt(urls.webpush, 'jane d'))));
  assert.equal((await call(`${urls.base}/control/subscription`, { method: 'GET' })).status, 400);
  assert.notDeepEqual(subscriptionAt(urls.webpush, 'jane').keys, subscriptionAt(urls.webpush, 'john').keys);
});

/** RFC 8291, appendix A. */
const EXAMPLE = {
  privateKey: 'q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94',
  publicKey: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  message:
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y' +
    'l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
};

describe('The decryption', () => {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(EXAMPLE.privateKey, 'base64url');
  const keys = { pair, auth: Buffer.from(EXAMPLE.auth, 'base64url') };
  const message = Buffer.from(EXAMPLE.message, 'base64url');

  test('reads the example of the standard', () => {
    assert.equal(pair.getPublicKey('base64url'), EXAMPLE.publicKey);
    assert.equal(decryptPush(message, keys), 'When I grow up, I want to be a watermelon');
  });

  test('reads nothing that was changed, cut or made for others', () => {
    for (let index = 0; index < message.length; index++) {
      const changed = Buffer.from(message);
      changed[index] = (changed[index] ?? 0) ^ 1;
      // The size of a record says how to read, not what.
      if (index < 16 || index > 19) assert.equal(decryptPush(changed, keys), null, `byte ${index}`);
      assert.equal(decryptPush(message.subarray(0, index), keys), null, `${index} bytes`);
    }
    assert.equal(decryptPush(message, { pair, auth: randomBytes(16) }), null);
  });
});
