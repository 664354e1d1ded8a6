import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { messageId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Address, Outcome } from '../../model/outcome.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, NOTIFICATION_ID, openTestClock, openTestDesk, type TestClock } from '../test-desk.ts';
import { hangoutchat } from './hangoutchat.ts';

const MINUTE_MS = 60_000;
const SPACE: Address = { channelId: 'spaces/AAAA', reference: null };
const JANE: Address = { channelId: 'users/1001', reference: null };
const KEY = messageId('ds-golden', 1);
const soon = () => AbortSignal.timeout(5_000);
const lookUp = async (desk: Desk, identity: string) => (await desk.session.lookUp?.([identity], soon()))?.[0];

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('What goes over the wire', () => {
  test('an assertion for a token, then the text, then nothing but the text', async () => {
    const desk = open();
    const first = await desk.send({ key: KEY });
    assert.ok(first.kind === 'accepted' && first.learned === undefined);
    assert.match(first.providerMessageId ?? '', /^spaces\/AAAA\/messages\/[\w.-]+$/);
    await desk.send();

    const [token, message, second] = desk.calls;
    assert.equal(desk.calls.length, 3);
    assert.deepEqual([token?.method, token?.url], ['POST', sandbox.urls.googleToken]);
    const form = Object.fromEntries(new URLSearchParams(token?.body ?? ''));
    assert.deepEqual(Object.keys(form), ['grant_type', 'assertion']);
    assert.equal(form['grant_type'], 'urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { clientEmail, privateKeyId } = sandbox.credentials.googleChat;
    assert.deepEqual(decodeProtectedHeader(form['assertion'] ?? ''), { alg: 'RS256', typ: 'JWT', kid: privateKeyId });
    const { iat = 0, exp = 0, ...claims } = decodeJwt(form['assertion'] ?? '');
    assert.equal(exp - iat, 3600);
    assert.deepEqual(claims, {
      iss: clientEmail,
      aud: sandbox.urls.googleToken,
      scope: 'https://www.googleapis.com/auth/chat.bot',
    });

    assert.equal(
      `${message?.method} ${message?.url.slice(sandbox.urls.googleChat.length)}`,
      `POST v1/spaces/AAAA/messages?requestId=${KEY.slice(3)}&fields=name`,
    );
    assert.equal(message?.body, '{"text":"hello"}');
    assert.equal(message?.headers['content-type'], 'application/json');
    assert.match(message?.headers['authorization'] ?? '', /^Bearer ya29\./);
    assert.equal(second?.headers, message?.headers, 'headers are made once a token');
  });

  test('a native payload as it is', async () => {
    const payload = {
      text: 'News',
      fallbackText: 'News',
      cardsV2: [{ cardId: 'c1', card: { sections: [{ widgets: [{ textParagraph: { text: '<b>hello</b>' } }] }] } }],
    };
    const desk = open();
    assert.equal((await desk.send({ message: { type: 'native', payload } })).kind, 'accepted');
    assert.equal(desk.calls.at(-1)?.body, JSON.stringify(payload));
    assert.equal(sandbox.ledger.entries()[0]?.text, 'News');
  });

  test('text stays as it was given', async () => {
    const text = 'a < b & c > d *bold* é 🧨 %41 +';
    await open().send({ message: { type: 'text', text } });
    assert.equal(sandbox.ledger.entries()[0]?.text, text);
  });

  test('an API behind any path, with a slash at its end or without', async () => {
    const desk = open({ apiUrl: sandbox.urls.googleChat.replace(/\/$/, '') });
    assert.equal((await desk.send()).kind, 'accepted');
  });
});

/** [address, the space that is written to; null: nothing is called at all] */
const ADDRESSES: readonly (readonly [Address, string | null])[] = [
  [SPACE, 'spaces/AAAA'],
  [{ channelId: 'AAQAPWixxxx', reference: null }, 'spaces/AAQAPWixxxx'],
  [{ channelId: ' spaces/a-B_9 ', reference: null }, 'spaces/a-B_9'],
  [{ channelId: 'users/1001', reference: { conversationId: 'spaces/KNOWN' } }, 'spaces/KNOWN'],
  [{ channelId: 'jane@example.com', reference: { conversationId: 'spaces/KNOWN' } }, 'spaces/KNOWN'],
  [{ channelId: 'spaces/AAAA', reference: { conversationId: '../v1' } }, 'spaces/AAAA'],
  [{ channelId: 'jane@example.com', reference: null }, null],
  [{ channelId: 'spaces/..', reference: null }, null],
  [{ channelId: '../../elsewhere', reference: null }, null],
  [{ channelId: 'spaces/A/messages/B', reference: null }, null],
  [{ channelId: 'spaces/A?x=1', reference: null }, null],
  [{ channelId: 'spaces/', reference: null }, null],
  [{ channelId: '', reference: null }, null],
];

describe('Where a message goes', () => {
  for (const [address, space] of ADDRESSES) {
    test(`${JSON.stringify(address)}: ${space ?? 'nowhere'}`, async () => {
      const desk = open();
      const outcome = await desk.send({ address });
      if (space !== null) {
        assert.ok(outcome.kind === 'accepted' && outcome.learned === undefined);
        assert.equal(sandbox.ledger.entries()[0]?.conversation, space);
        return;
      }
      assert.ok(outcome.kind === 'rejected');
      assert.deepEqual([outcome.scope, outcome.reason, desk.calls.length], ['recipient', 'not_associated', 0]);
    });
  }

  test('a user is reached through their direct message, which is learned', async () => {
    const desk = open();
    const first = await desk.send({ address: { channelId: 'users/1001', reference: { team: 'a' } } });
    assert.ok(first.kind === 'accepted' && first.learned !== undefined);
    const { conversationId, ...rest } = first.learned.reference ?? {};
    assert.deepEqual([first.learned.channelId, rest], ['users/1001', { team: 'a' }]);
    assert.match(conversationId ?? '', /^spaces\/dm-/);
    assert.deepEqual(outline(desk), [
      'POST /googletoken/token',
      'GET /googlechat/v1/spaces:findDirectMessage?name=users%2F1001&fields=name',
      `POST /googlechat/v1/${conversationId}/messages?requestId=${messageId(NOTIFICATION_ID, 0).slice(3)}&fields=name`,
    ]);
    assert.equal(sandbox.ledger.countOf('googlechat', 'users/1001'), 1);

    await desk.send({ address: first.learned });
    await desk.send({ address: JANE });
    assert.equal(desk.calls.length, 5, 'nobody asks again where the direct message is');
  });

  test('a user without the app cannot be reached, and nobody asks again for ten minutes', async () => {
    const clock = openTestClock(Date.now());
    const desk = open({}, clock);
    const address = { channelId: 'users/removed', reference: null };
    for (const _round of [1, 2]) {
      const outcome = await desk.send({ address });
      assert.ok(outcome.kind === 'rejected');
      assert.deepEqual([outcome.scope, outcome.reason], ['recipient', 'app_not_installed']);
    }
    assert.equal(callsOf(desk, 'findDirectMessage'), 1);
    clock.advance(10 * MINUTE_MS);
    await desk.send({ address });
    assert.equal(callsOf(desk, 'findDirectMessage'), 2);
  });

  test('a direct message that is gone is looked for anew the next time', async () => {
    const desk = open();
    const first = await desk.send({ address: JANE });
    assert.ok(first.kind === 'accepted' && first.learned !== undefined);
    for (const [round, address] of [JANE, first.learned].entries()) {
      sandbox.faults.set([{ provider: 'googlechat', route: 'send', times: 1, fault: { kind: 'status', status: 404 } }]);
      const gone = await desk.send({ address });
      assert.ok(gone.kind === 'rejected' && gone.forgetAddress === true);
      assert.equal((await desk.send({ address: JANE })).kind, 'accepted');
      assert.equal(callsOf(desk, 'findDirectMessage'), round + 2);
    }
  });

  test('a look-up that brings no answer tells nobody anything', async () => {
    for (const kind of ['reset', 'cut', 'garbage'] as const) {
      sandbox.faults.set([{ provider: 'googlechat', route: 'findDirectMessage', fault: { kind } }]);
      assert.equal((await open().send({ address: JANE })).kind, 'failed');
    }
  });
});

describe('Looking people up', () => {
  test('finds the direct message of a user, and none where the app is not', async () => {
    const desk = open();
    const found = await lookUp(desk, 'users/1001');
    assert.ok(found?.kind === 'found');
    assert.match(found.address.channelId, /^spaces\/dm-/);
    assert.equal((await desk.send({ address: found.address })).kind, 'accepted');
    assert.equal(sandbox.ledger.countOf('googlechat', 'users/1001'), 1);
    for (const identity of ['users/unknown', 'users/removed', 'users/jane@example.com']) {
      assert.deepEqual(await lookUp(desk, identity), { kind: 'absent' });
    }
  });

  test('asks nobody about what is no user', async () => {
    const desk = open();
    for (const identity of ['jane@example.com', 'spaces/AAAA', 'users/', '+491234567', '']) {
      assert.deepEqual(await lookUp(desk, identity), { kind: 'absent' });
    }
    assert.equal(desk.calls.length, 0);
  });

  test('says when it could not ask, and remembers no failure', async () => {
    const desk = open();
    sandbox.faults.set([{ provider: 'googlechat', fault: { kind: 'status', status: 429 } }]);
    const busy = await lookUp(desk, 'users/1001');
    assert.ok(busy?.kind === 'unavailable' && busy.outcome.kind === 'busy');
    assert.deepEqual([busy.outcome.scope, busy.outcome.retryAfterMs], ['connection', null]);
    sandbox.faults.clear();
    sandbox.people.change({ google: [{ match: '*', state: 'api_disabled' }] });
    const denied = await lookUp(desk, 'users/1001');
    assert.ok(denied?.kind === 'unavailable' && denied.outcome.kind === 'rejected');
    assert.equal(denied.outcome.scope, 'connection');
    sandbox.reset();
    assert.equal((await lookUp(desk, 'users/1001'))?.kind, 'found');
  });
});

describe('A message is posted once', () => {
  for (const kind of ['reset', 'cut', 'garbage'] as const) {
    test(`though the answer to the first attempt was lost by a ${kind}`, async () => {
      sandbox.faults.set([{ provider: 'googlechat', route: 'send', times: 1, fault: { kind, processed: true } }]);
      const desk = open();
      const lost = await desk.send({ key: KEY });
      assert.equal(lost.kind, 'unknown');
      const again = await desk.send({ key: KEY });
      assert.ok(again.kind === 'accepted');

      const { total, replays } = sandbox.ledger.counts('googlechat');
      assert.deepEqual({ total, replays }, { total: 1, replays: 1 });
      assert.equal(again.providerMessageId, sandbox.ledger.entries()[0]?.messageId, 'the id of the first message');
    });
  }

  test('by a process that knows nothing of the first attempt', async () => {
    const [first, second] = [await open().send({ key: KEY }), await open().send({ key: KEY })];
    assert.deepEqual(first, second);
    assert.equal(sandbox.ledger.total(), 1);
  });

  test('under another account too: that it exists is success', async () => {
    await open().send({ key: KEY });
    const other = open({ clientEmail: 'second@sandbox-project.iam.gserviceaccount.com' });
    assert.deepEqual(await other.send({ key: KEY }), { kind: 'accepted', providerMessageId: null });
    assert.equal(sandbox.ledger.total(), 1);
  });

  test('for every recipient: other keys are other messages', async () => {
    const desk = open();
    await desk.send();
    await desk.send();
    assert.equal(sandbox.ledger.total(), 2);
  });
});

/** [what is so in the simulator, class, reason] */
const STATES: readonly (readonly [string, Address, string, string])[] = [
  ['an unknown space', { channelId: 'spaces/unknown', reference: null }, 'A', 'address_gone'],
  ['a space the app was removed from', { channelId: 'spaces/removed', reference: null }, 'A', 'app_not_installed'],
  ['a disabled API', { channelId: 'spaces/disabled', reference: null }, 'B', 'connection_refused'],
];

describe('Google says no', () => {
  for (const [name, address, expected, reason] of STATES) {
    test(`because of ${name}: ${expected}`, async () => {
      sandbox.people.change({ google: [{ match: 'spaces/disabled', state: 'api_disabled' }] });
      const outcome = await open().send({ address });
      assert.equal(classOf(outcome), expected);
      assert.equal('reason' in outcome && outcome.reason, reason);
    });
  }

  test('because of the payload: M', async () => {
    for (const payload of [{ blocks: [] }, { text: 1 }, { cardsV2: [{ card: 'x' }] }, {}]) {
      const outcome = await open().send({ message: { type: 'native', payload } });
      assert.deepEqual([classOf(outcome), 'reason' in outcome && outcome.reason], ['M', 'message_invalid']);
    }
  });

  test('because of a limit: the project’s slows the connection, the space’s only the space', async () => {
    const strict = await startSandbox();
    after(() => strict.close());
    const desk = openTestDesk({ channel: hangoutchat, settings: settingsOf(strict), address: SPACE });
    assert.equal((await desk.send()).kind, 'accepted');
    const second = await desk.send();
    assert.ok(second.kind === 'busy');
    assert.deepEqual([second.scope, second.retryAfterMs], ['recipient', null]);
    assert.equal((await desk.send({ address: { channelId: 'spaces/BBBB', reference: null } })).kind, 'accepted');

    strict.faults.set([{ provider: 'googlechat', route: 'send', fault: { kind: 'status', status: 429 } }]);
    const quiet = await desk.send({ address: { channelId: 'spaces/CCCC', reference: null } });
    assert.equal(quiet.kind === 'busy' && quiet.scope, 'connection');
  });
});

const text = (length: number, letter = 'x'): Message => ({ type: 'text', text: letter.repeat(length) });
const native = (payload: JsonObject): Message => ({ type: 'native', payload });

/** [name, message, how many calls carry it; 0: it is refused before] */
const SIZES: readonly (readonly [string, Message, number])[] = [
  ['32,000 letters', text(32_000), 1],
  ['32,000 quotation marks, though twice as long in JSON', text(32_000, '"'), 1],
  ['32,001 letters', text(32_001), 0],
  ['16,001 letters of two bytes', text(16_001, 'é'), 0],
  ['cards with 32,001 letters', native({ cardsV2: [{ card: { header: { title: 'x'.repeat(32_001) } } }] }), 0],
  ['cards just over it, which Google counts itself', native({ cardsV2: [{ card: { title: 'x'.repeat(31_990) } }] }), 1],
];

describe('A message', () => {
  for (const [name, message, calls] of SIZES) {
    test(`of ${name} ${calls === 0 ? 'is not sent' : 'is sent'}`, async () => {
      const desk = open();
      const outcome = await desk.send({ message });
      assert.equal(callsOf(desk, '/messages'), calls);
      if (message.type === 'text' && calls === 1) assert.equal(outcome.kind, 'accepted');
      else assert.deepEqual([classOf(outcome), 'reason' in outcome && outcome.reason], ['M', 'message_too_large']);
    });
  }
});

const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const shortKey = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const curveKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });

/** [settings, what is said to them] */
const BAD_CREDENTIALS: readonly (readonly [JsonObject, RegExp])[] = [
  [{ privateKey: String(otherKey) }, /answered 400 \(invalid_grant, Invalid JWT Signature: privateKey is not/],
  [{ privateKeyId: 'another' }, /answered 400 \(invalid_grant, Invalid JWT Signature/],
  [{ clientEmail: 'nobody@example.com' }, /answered 400 \(invalid_grant, account not found: check clientEmail\)\.$/],
  [{ privateKey: String(shortKey) }, /^privateKey is not a whole RSA private key of 2048 bits/],
  [{ privateKey: String(curveKey) }, /^privateKey is not a whole RSA private key/],
  [
    { privateKey: '-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n' },
    /^privateKey is not a whole RSA/,
  ],
];

describe('The token', () => {
  for (const [settings, detail] of BAD_CREDENTIALS) {
    test(`is refused, for the whole connection: ${detail}`, async () => {
      const desk = open(settings);
      const outcome = await desk.send();
      assert.ok(outcome.kind === 'rejected');
      assert.deepEqual([outcome.scope, outcome.reason], ['connection', 'connection_refused']);
      assert.match(outcome.detail, detail);
      assert.deepEqual(await desk.session.check(soon()), { ok: false, detail: outcome.detail });
    });
  }

  test('is refused to a machine whose clock is wrong, and that is said', async () => {
    const outcome = await open({}, openTestClock(Date.now() - 2 * 60 * MINUTE_MS)).send();
    assert.match('detail' in outcome ? outcome.detail : '', /check this machine's clock/);
  });

  test('is given to a key whose lines end in \\n, as copied out of JSON', async () => {
    const privateKey = sandbox.credentials.googleChat.privateKey.replaceAll('\n', '\\n');
    assert.equal((await open({ privateKey }).send()).kind, 'accepted');
  });

  test('is fetched once for many sends', async () => {
    const desk = open();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => desk.send()));
    assert.ok(outcomes.every(({ kind }) => kind === 'accepted'));
    assert.equal(callsOf(desk, '/token'), 1);
  });

  test('is renewed five minutes before its end, while the old one serves', async () => {
    const clock = openTestClock(Date.now());
    const desk = open({}, clock);
    await desk.send();
    clock.advance(54 * MINUTE_MS);
    await desk.send();
    assert.equal(callsOf(desk, '/token'), 1);
    clock.advance(MINUTE_MS);
    sandbox.faults.set([{ provider: 'googletoken', fault: { kind: 'hang' } }]);
    assert.equal((await desk.send()).kind, 'accepted');
    // The renewal signs before it calls.
    while (callsOf(desk, '/token') < 2) await new Promise((resolve) => setImmediate(resolve));
  });

  test('that lapsed early is fetched anew, once; then it is the connection', async () => {
    const desk = open();
    await desk.send();
    const fault = { kind: 'status', status: 401 } as const;
    sandbox.faults.set([{ provider: 'googlechat', route: 'send', times: 1, fault }]);
    assert.equal((await desk.send()).kind, 'accepted');
    assert.equal(callsOf(desk, '/token'), 2);
    sandbox.faults.set([{ provider: 'googlechat', route: 'send', fault }]);
    assert.equal(classOf(await desk.send()), 'B');
    assert.equal(callsOf(desk, '/token'), 3);
  });
});

describe('The check', () => {
  test('finds out what a token alone does not tell', async () => {
    const desk = open();
    const { clientEmail } = sandbox.credentials.googleChat;
    assert.deepEqual(await desk.session.check(soon()), { ok: true, detail: `Google Chat knows ${clientEmail}.` });
    sandbox.people.change({ google: [{ match: '*', state: 'api_disabled' }] });
    const { ok, detail } = await desk.session.check(soon());
    assert.ok(!ok);
    assert.match(detail, /^HTTP 403 PERMISSION_DENIED SERVICE_DISABLED/);
  });

  test('tells the API from something else', async () => {
    const desk = open({ apiUrl: `${sandbox.urls.hooks}/` });
    const { ok, detail } = await desk.session.check(soon());
    assert.ok(!ok);
    assert.match(detail, /check apiUrl/);
  });
});

function settingsOf({ urls, credentials }: Sandbox): JsonObject {
  return { ...credentials.googleChat, tokenUrl: urls.googleToken, apiUrl: urls.googleChat };
}

function open(settings: JsonObject = {}, clock?: TestClock): Desk {
  return openTestDesk({
    channel: hangoutchat,
    settings: { ...settingsOf(sandbox), ...settings },
    address: SPACE,
    ...(clock === undefined ? {} : { clock }),
  });
}

function outline(desk: Desk): string[] {
  return desk.calls.map(({ method, url }) => `${method} ${url.slice(sandbox.urls.base.length)}`);
}

function callsOf(desk: Desk, part: string): number {
  return desk.calls.filter(({ url }) => url.includes(part)).length;
}

function classOf(outcome: Outcome): string {
  if (outcome.kind === 'rejected') return { recipient: 'A', connection: 'B', message: 'M' }[outcome.scope];
  return { accepted: 'OK', failed: 'C', busy: 'D', unknown: 'U' }[outcome.kind];
}
