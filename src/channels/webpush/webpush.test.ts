import assert from 'node:assert/strict';
import { createECDH } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { Value } from 'typebox/value';
import webPush from 'web-push';
import { parsePerson } from '../../directory/parse-person.ts';
import type { Problem } from '../../directory/problem.ts';
import { messageId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Address, Outcome } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import { decryptPush } from '../../sandbox/push-decryption.ts';
import { pushKeysOf, subscriptionAt } from '../../sandbox/push-subscriptions.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestClock, openTestDesk, type TestClock } from '../test-desk.ts';
import { webpush } from './webpush.ts';

const KEY = messageId('ds-golden', 1);
const HOUR_MS = 3_600_000;

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

function open(settings: JsonObject = {}, clock?: TestClock): Desk {
  return openTestDesk({
    channel: webpush,
    settings: { ...sandbox.credentials.webpush, allowedHosts: [sandbox.urls.base], ...settings },
    address: addressOf('jane'),
    ...(clock === undefined ? {} : { clock }),
  });
}

function addressOf(name: string, place = sandbox): Address {
  const { endpoint, keys } = subscriptionAt(place.urls.webpush, name);
  return { channelId: endpoint, reference: keys };
}

const text = (words: string): Message => ({ type: 'text', text: words });
const native = (payload: JsonObject): Message => ({ type: 'native', payload });

describe('What goes over the wire', () => {
  test('a text, encrypted for one browser', async () => {
    const desk = open();
    const outcome = await desk.send({ key: KEY, message: text('a < b & é 🧨 "') });
    const [entry] = sandbox.ledger.entries();
    assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: entry?.messageId });
    const [call] = desk.calls;
    assert.equal(desk.calls.length, 1);
    assert.equal(`${call?.method} ${call?.url}`, `POST ${sandbox.urls.webpush}/jane`);
    const { authorization, ...headers } = call?.headers ?? {};
    assert.match(authorization ?? '', /^vapid t=[\w-]+\.[\w-]+\.[\w-]+, k=B[\w-]{86}$/);
    assert.deepEqual(headers, {
      'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream',
      ttl: '2419200',
      urgency: 'normal',
      topic: '80XqiCTNw3sz3mkku2-i3OUryIlYTH3D',
    });
    const sent = Buffer.from(call?.body ?? '', 'base64url');
    const plain = '{"notification":{"body":"a < b & é 🧨 \\""}}';
    // The simulator's own decryption, which reads the standard's example: not the library that encrypted.
    assert.equal(decryptPush(sent, pushKeysOf('jane')), plain);
    assert.equal(decryptPush(sent, pushKeysOf('john')), null);
    assert.deepEqual([entry?.body, entry?.text], [plain, 'a < b & é 🧨 "']);
  });

  test('a native payload, but for what is meant for the push service', async () => {
    const desk = open();
    const payload = { title: 'News', actions: [{ action: 'read' }] };
    const options = { topic: 'news_1', urgency: 'high', ttl: 0 };
    assert.equal((await desk.send({ message: native({ ...payload, webpush: options }) })).kind, 'accepted');
    assert.deepEqual(JSON.parse(sandbox.ledger.entries()[0]?.body ?? ''), payload);
    assert.deepEqual(optionsOf(desk), { ttl: '0', urgency: 'high', topic: 'news_1' });
  });

  test('the settings where the message says nothing', async () => {
    const desk = open({ ttl: 60, urgency: 'low' });
    await desk.send({ key: KEY, message: native({ webpush: { urgency: 'very-low' } }) });
    assert.deepEqual(optionsOf(desk), { ttl: '60', urgency: 'very-low', topic: '80XqiCTNw3sz3mkku2-i3OUryIlYTH3D' });
  });

  test('the same topic on every attempt, and another for everybody else', async () => {
    const desk = open();
    for (const key of ['ms-1', 'ms-1', 'ms-2']) await desk.send({ key });
    const [first, again, other] = desk.calls.map(({ headers }) => headers['topic']);
    assert.equal(first, again);
    assert.notEqual(first, other);
    assert.equal(webpush.afterUnknown, 'retry');
  });
});

describe('The token', () => {
  test('says for whom, by whom and until when', async () => {
    const clock = openTestClock(Date.now());
    const desk = open({ subject: 'https://example.com/contact' }, clock);
    await desk.send();
    assert.deepEqual(decodeJwt(tokensOf(desk)[0] ?? ''), {
      aud: sandbox.urls.base,
      sub: 'https://example.com/contact',
      exp: Math.floor((clock.now() + 18 * HOUR_MS) / 1000),
    });
  });

  test('serves a push service for twelve hours, and another service never', async () => {
    const clock = openTestClock();
    const [one, two] = await Promise.all([startSandbox({ clock }), startSandbox({ clock })]);
    after(() => Promise.all([one.close(), two.close()]));
    const desk = open({ allowedHosts: [one.urls.base, two.urls.base] }, clock);
    const sendTo = async (place: Sandbox) => (await desk.send({ address: addressOf('jane', place) })).kind;
    const kinds = [await sendTo(one)];
    clock.advance(12 * HOUR_MS - 1);
    kinds.push(await sendTo(one), await sendTo(two));
    clock.advance(1);
    kinds.push(await sendTo(one));
    assert.deepEqual(kinds, ['accepted', 'accepted', 'accepted', 'accepted']);
    const [first, again, other, later] = tokensOf(desk);
    assert.equal(first, again);
    assert.equal(new Set([first, other, later]).size, 3);
    assert.equal(decodeJwt(other ?? '').aud, two.urls.base);
  });

  test('is made anew after one was refused', async () => {
    const desk = open();
    await desk.send();
    sandbox.faults.set([{ provider: 'webpush', times: 1, fault: { kind: 'status', status: 401, body: '' } }]);
    assert.deepEqual(outlineOf(await desk.send()), ['connection', 'connection_refused']);
    assert.equal((await desk.send()).kind, 'accepted');
    const [first, refused, again] = tokensOf(desk);
    assert.equal(first, refused);
    assert.notEqual(first, again);
  });
});

describe('A message', () => {
  /** [message, what is wrong with it; null: nothing] */
  const MESSAGES: readonly (readonly [Message, RegExp | null])[] = [
    [text('x'.repeat(3993 - 28)), null],
    [text('x'.repeat(3993 - 27)), /makes 3994 bytes of JSON; push services take 3993/],
    [text('🧨'.repeat(1000)), /makes 4028 bytes/],
    [native({ title: 'x'.repeat(5000) }), /makes 5012 bytes/],
    [native({}), null],
    [native({ webpush: {} }), null],
    [native({ webpush: { topic: 'x'.repeat(33) } }), /webpush.topic: must be a text of 1 to 32/],
    [native({ webpush: { topic: 'two words' } }), /webpush.topic/],
    [native({ webpush: { topic: 'a\r\nx: y' } }), /webpush.topic/],
    [native({ webpush: { topic: 7 } }), /webpush.topic/],
    [native({ webpush: { urgency: 'now' } }), /webpush.urgency: must be one of very-low, low, normal, high/],
    [native({ webpush: { ttl: -1 } }), /webpush.ttl: must be a whole number/],
    [native({ webpush: { ttl: 1.5 } }), /webpush.ttl/],
    [native({ webpush: { ttl: '60' } }), /webpush.ttl/],
    [native({ webpush: { ttl: 2_419_201 } }), /webpush.ttl/],
    [native({ webpush: { colour: 'red' } }), /webpush: may hold topic, urgency and ttl, and nothing else/],
    [native({ webpush: null }), /webpush: may hold/],
    [native({ webpush: ['high'] }), /webpush: may hold/],
  ];

  for (const [message, fault] of MESSAGES) {
    const words = JSON.stringify(message.type === 'text' ? message.text : message.payload).slice(0, 60);
    test(`${words} ${fault === null ? 'is sent' : `is refused before any call: ${fault.source}`}`, async () => {
      const desk = open();
      const outcome = await desk.send({ message });
      assert.equal(webpush.inspect?.(message)?.detail, outcome.kind === 'rejected' ? outcome.detail : undefined);
      if (fault === null) return assert.equal(outcome.kind, 'accepted');
      assert.ok(outcome.kind === 'rejected' && outcome.scope === 'message');
      assert.match(outcome.detail, fault);
      assert.equal(desk.calls.length, 0);
    });
  }
});

describe('A subscription', () => {
  test('comes from the directory', async () => {
    const problems: Problem[] = [];
    const { channelId, reference } = addressOf('jane');
    const findChannel = () => webpush;
    const person = parsePerson(
      { email: 'jane@example.com', addresses: [{ channel: 'webpush', channelId, reference }] },
      { botId: 'st-test', now: 0, findChannel },
      problems,
    );
    const [address] = person?.addresses ?? [];
    assert.ok(address !== undefined, JSON.stringify(problems));
    assert.equal((await open().send({ address })).kind, 'accepted');
    assert.deepEqual([webpush.addressing, webpush.identityKey], ['directory', 'email']);
  });

  const KEYS = subscriptionAt('http://127.0.0.1', 'jane').keys;
  const offCurve = Buffer.alloc(65, 4).toString('base64url');
  const compressed = createECDH('prime256v1').generateKeys('base64', 'compressed');

  /** [endpoint, keys, reason] */
  const BAD: readonly (readonly [string, Readonly<Record<string, string>> | null, string])[] = [
    ['jane', KEYS, 'not_associated'],
    ['', KEYS, 'not_associated'],
    ['https://', KEYS, 'not_associated'],
    ['https://fcm.googleapis.com/x', null, 'not_associated'],
    ['https://fcm.googleapis.com/x', { p256dh: KEYS.p256dh }, 'not_associated'],
    ['https://fcm.googleapis.com/x', { auth: KEYS.auth }, 'not_associated'],
    ['https://fcm.googleapis.com/x', { ...KEYS, auth: 'short' }, 'not_associated'],
    ['https://fcm.googleapis.com/x', { ...KEYS, p256dh: compressed }, 'not_associated'],
    ['https://fcm.googleapis.com/x', { ...KEYS, p256dh: offCurve }, 'not_associated'],
    ['http://fcm.googleapis.com/x', KEYS, 'url_refused'],
    ['https://fcm.googleapis.com:8443/x', KEYS, 'url_refused'],
    ['https://jane@fcm.googleapis.com/x', KEYS, 'url_refused'],
    ['https://fcm.googleapis.com.evil.example/x', KEYS, 'url_refused'],
    ['https://evil.example/fcm.googleapis.com', KEYS, 'url_refused'],
    ['https://push.services.mozilla.com/x', KEYS, 'url_refused'],
    ['https://evilpush.services.mozilla.com/x', KEYS, 'url_refused'],
    ['https://169.254.169.254/latest/meta-data/', KEYS, 'url_refused'],
    ['https://localhost/x', KEYS, 'url_refused'],
    ['file:///etc/passwd', KEYS, 'url_refused'],
    ['javascript:alert(1)', KEYS, 'url_refused'],
  ];

  for (const [channelId, reference, reason] of BAD) {
    test(`${channelId || 'nothing'} with ${Object.keys(reference ?? {}).join(' and ') || 'no keys'}: ${reason}`, async () => {
      const { allowedHosts: _here, ...settings } = { ...sandbox.credentials.webpush, allowedHosts: [] };
      const desk = openTestDesk({ channel: webpush, settings, address: { channelId, reference } });
      assert.deepEqual(outlineOf(await desk.send()), ['recipient', reason]);
      assert.equal(desk.calls.length, 0);
    });
  }

  for (const channelId of [
    'https://fcm.googleapis.com/fcm/send/x:APA91b',
    'https://updates.push.services.mozilla.com/wpush/v2/gAAAA',
    'https://wns2-am3p.notify.windows.com/w/?token=BQYA',
    'https://web.push.apple.com/QOd',
  ]) {
    test(`${channelId} is a push service`, async () => {
      const { webpush: settings } = sandbox.credentials;
      const desk = openTestDesk({
        channel: webpush,
        settings: { ...settings },
        address: { channelId, reference: KEYS },
      });
      // Judged and signed, and over before a byte leaves.
      assert.equal((await desk.send({ signal: AbortSignal.abort() })).kind, 'failed');
      assert.equal(desk.calls[0]?.url, channelId);
      assert.equal(decodeJwt(tokensOf(desk)[0] ?? '').aud, new URL(channelId).origin);
    });
  }

  test('that is gone is forgotten, and one made with another key is not', async () => {
    const outcomeOf = (name: string) => open().send({ address: addressOf(name) });
    for (const name of ['gone-1', 'unknown-1']) {
      const outcome = await outcomeOf(name);
      assert.deepEqual(outlineOf(outcome), ['recipient', 'address_gone']);
      assert.ok(outcome.kind === 'rejected' && outcome.forgetAddress === true);
    }
    const outcome = await outcomeOf('otherkey-1');
    assert.deepEqual(outlineOf(outcome), ['recipient', 'unreachable_recipient']);
    assert.ok(outcome.kind === 'rejected' && outcome.forgetAddress === undefined);
  });
});

test('A push service that asks for a pause is busy, and counts as a scope of its own', async () => {
  sandbox.faults.set([{ provider: 'webpush', fault: { kind: 'status', status: 429, retryAfterSeconds: 30 } }]);
  assert.deepEqual(waitOf(await open().send()), ['recipient', 30_000]);
  const scopesOf = (channelId: string) => webpush.scopes?.(CONNECTION, { channelId, reference: null });
  assert.deepEqual(scopesOf('https://fcm.googleapis.com/fcm/send/a'), [{ key: 'https://fcm.googleapis.com' }]);
  assert.deepEqual(scopesOf('https://fcm.googleapis.com/fcm/send/b'), [{ key: 'https://fcm.googleapis.com' }]);
  assert.deepEqual(scopesOf('https://web.push.apple.com/Q'), [{ key: 'https://web.push.apple.com' }]);
  assert.deepEqual(scopesOf('jane'), [{ key: '' }]);
});

const CONNECTION: Connection = {
  id: 'dc-test',
  botId: 'st-test',
  channel: 'webpush',
  name: null,
  settings: {},
  limits: { perSecond: null, concurrency: null },
  allowPrivateNetwork: false,
};

describe('The keys', () => {
  test('that are no pair hold the connection, and the check says so', async () => {
    const vapidPrivateKey = webPush.generateVAPIDKeys().privateKey;
    for (const key of [vapidPrivateKey, 'A'.repeat(43)]) {
      const desk = open({ vapidPrivateKey: key });
      assert.deepEqual(outlineOf(await desk.send()), ['connection', 'connection_refused']);
      assert.equal(desk.calls.length, 0);
      const check = await desk.session.check(AbortSignal.timeout(1_000));
      assert.deepEqual([check.ok, /not a pair/.test(check.detail)], [false, true]);
    }
  });

  test('that nobody subscribed with reach nobody', async () => {
    const { publicKey: vapidPublicKey, privateKey: vapidPrivateKey } = webPush.generateVAPIDKeys();
    const outcome = await open({ vapidPublicKey, vapidPrivateKey }).send();
    assert.deepEqual(outlineOf(outcome), ['recipient', 'unreachable_recipient']);
  });
});

/** [settings, fit] */
const SETTINGS: readonly (readonly [JsonObject, boolean])[] = [
  [{}, true],
  [{ subject: 'https://example.com/' }, true],
  [{ subject: 'jane@example.com' }, false],
  [{ subject: 'http://example.com/' }, false],
  [{ vapidPublicKey: 'B123' }, false],
  [{ vapidPrivateKey: `${'A'.repeat(42)}=` }, false],
  [{ ttl: 0 }, true],
  [{ ttl: -1 }, false],
  [{ ttl: 2_419_201 }, false],
  [{ urgency: 'high' }, true],
  [{ urgency: 'now' }, false],
  [{ allowedHosts: ['push.example.com', '*.example.com', 'http://127.0.0.1:9090', 'https://[::1]:8443'] }, true],
  [{ allowedHosts: [] }, false],
  [{ allowedHosts: ['*'] }, false],
  [{ allowedHosts: ['com'] }, false],
  [{ allowedHosts: ['https://push.example.com/path'] }, false],
  [{ allowedHosts: 'push.example.com' }, false],
];

for (const [settings, isFit] of SETTINGS) {
  test(`settings ${JSON.stringify(settings).slice(0, 60)} are ${isFit ? 'taken' : 'refused'}`, () => {
    const whole = Value.Default(webpush.settings, { ...sandbox.credentials.webpush, ...settings });
    assert.equal(Value.Check(webpush.settings, whole), isFit);
  });
}

function optionsOf({ calls }: Desk): object {
  const { ttl, urgency, topic } = calls.at(-1)?.headers ?? {};
  return { ttl, urgency, topic };
}

function tokensOf({ calls }: Desk): string[] {
  return calls.map(({ headers }) => /^vapid t=([^,]+)/.exec(headers['authorization'] ?? '')?.[1] ?? '');
}

function outlineOf(outcome: Outcome): readonly string[] {
  return outcome.kind === 'rejected' ? [outcome.scope, outcome.reason] : [outcome.kind];
}

function waitOf(outcome: Outcome): readonly [string, number | null] {
  assert.ok(outcome.kind === 'busy', outcome.kind);
  return [outcome.scope, outcome.retryAfterMs];
}
