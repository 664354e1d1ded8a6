import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Value } from 'typebox/value';
import { messageId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Outcome } from '../../model/outcome.ts';
import { TWILIO_ACCOUNT } from '../../sandbox/credentials.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestDesk } from '../test-desk.ts';
import { sms } from './sms.ts';

const { accountSid, authToken, apiKeySid, apiKeySecret, from, messagingServiceSid } = TWILIO_ACCOUNT;
const JANE = { channelId: '+4915112345678', reference: null };
const KEY = messageId('ds-golden', 1);
const HX = `HX${'a'.repeat(32)}`;
const soon = () => AbortSignal.timeout(5_000);

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('What goes to Twilio', () => {
  test('is one form with the credentials in its header', async () => {
    const desk = openTwilio();
    const outcome = await desk.send({ message: { type: 'text', text: 'a & b = é+🧨' } });
    assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: sandbox.ledger.entries()[0]?.messageId });
    const [call] = desk.calls;
    assert.equal(desk.calls.length, 1);
    assert.equal(
      `${call?.method} ${call?.url.slice(sandbox.urls.twilio.length)}`,
      `POST 2010-04-01/Accounts/${accountSid}/Messages.json`,
    );
    assert.deepEqual(call?.headers, {
      authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    });
    assert.equal(call?.body, 'To=%2B4915112345678&From=%2B15005550006&Body=a+%26+b+%3D+%C3%A9%2B%F0%9F%A7%A8');
  });

  test('has the native fields that are allowed', async () => {
    const desk = openTwilio({ messagingServiceSid });
    const payload = {
      body: 'hello',
      mediaUrl: ['https://example.com/a.png', 'https://example.com/b.png'],
      contentSid: HX,
      contentVariables: { 1: 'Jane' },
      validityPeriod: 600,
    };
    assert.equal((await desk.send({ message: { type: 'native', payload } })).kind, 'accepted');
    assert.deepEqual(
      [...new URLSearchParams(desk.calls[0]?.body ?? '')],
      [
        ['To', '+4915112345678'],
        ['From', from],
        ['MessagingServiceSid', messagingServiceSid],
        ['Body', 'hello'],
        ['MediaUrl', 'https://example.com/a.png'],
        ['MediaUrl', 'https://example.com/b.png'],
        ['ContentSid', HX],
        ['ContentVariables', '{"1":"Jane"}'],
        ['ValidityPeriod', '600'],
      ],
    );
  });

  test('may be signed with an API key instead', async () => {
    const desk = openTestDesk({
      channel: sms,
      settings: { provider: 'twilio', accountSid, apiKeySid, apiKeySecret, from, apiUrl: sandbox.urls.twilio },
      address: JANE,
    });
    assert.equal((await desk.send()).kind, 'accepted');
    assert.equal((await desk.session.check(soon())).ok, true);
  });
});

/** [identity, the number it is; null: none, and nothing is called] */
const NUMBERS: readonly (readonly [string, string | null])[] = [
  ['+4915112345678', '+4915112345678'],
  ['4915112345678', '+4915112345678'],
  ['004915112345678', '+4915112345678'],
  [' +49 (151) 123-456/78 ', '+4915112345678'],
  ['+1.415.555.2671', '+14155552671'],
  ['015112345678', null],
  ['+015112345678', null],
  ['++4915112345678', null],
  ['+49151', null],
  ['+4915112345678901', null],
  ['jane@example.com', null],
  ['+4915112345678,+4915112345679', null],
  ['whatsapp:+4915112345678', null],
  ['+٤٩١٥١١٢٣٤٥٦٧٨', null],
  ['', null],
];

describe('A number', () => {
  for (const [identity, number] of NUMBERS) {
    test(`written ${JSON.stringify(identity)} is ${number ?? 'none'}`, async () => {
      for (const desk of [openTwilio(), openGateway()]) {
        sandbox.ledger.clear();
        const outcome = await desk.send({ address: { channelId: identity, reference: null } });
        if (number !== null) {
          assert.equal(outcome.kind, 'accepted');
          assert.equal(sandbox.ledger.entries()[0]?.recipient, number);
          continue;
        }
        assert.deepEqual([summary(outcome), desk.calls.length], ['rejected recipient not_associated', 0]);
      }
    });
  }
});

const text = (length: number, letter = 'x'): Message => ({ type: 'text', text: letter.repeat(length) });
const native = (payload: JsonObject): Message => ({ type: 'native', payload });

/** [message, what is said about it; null: Twilio takes it] */
const MESSAGES: readonly (readonly [string, Message, RegExp | null])[] = [
  ['1,600 characters', text(1600), null],
  ['1,600 emoji', text(1600, '🧨'), null],
  ['1,601 characters', text(1601), /^text: has 1,601 characters; Twilio takes 1,600\.$/],
  ['1,601 native characters', native({ body: 'x'.repeat(1601) }), /^body: has 1,601 characters/],
  ['nothing', text(0), /^text: is empty\.$/],
  ['an empty payload', native({}), /^body: is empty\.$/],
  ['another recipient', native({ body: 'a', to: '+1' }), /^to: is no key of an SMS payload; there is body, mediaUrl/],
  ['a callback', native({ body: 'a', StatusCallback: 'https://example.com' }), /^StatusCallback: is no key/],
  ['an inherited key', native(JSON.parse('{"__proto__":1,"body":"a"}')), /^__proto__: is no key/],
  ['a body that is no text', native({ body: 1 }), /^body: must be text\.$/],
  ['media of other kinds', native({ mediaUrl: ['ftp://example.com'] }), /^mediaUrl: must be a list of/],
  ['a bad template', native({ contentSid: 'HX1' }), /^contentSid: must be/],
  ['a template and variables as text', native({ contentSid: HX, contentVariables: '{"1":"a"}' }), null],
  [
    'variables that are none',
    native({ contentSid: HX, contentVariables: 'x' }),
    /^contentVariables: must be a mapping/,
  ],
  ['variables without a template', native({ body: 'a', contentVariables: {} }), /^contentVariables: needs contentSid/],
  ['ten hours', native({ body: 'a', validityPeriod: 36_000 }), null],
  ['longer than that', native({ body: 'a', validityPeriod: 36_001 }), /^validityPeriod: must be whole/],
];

describe('A message to Twilio', () => {
  for (const [name, message, said] of MESSAGES) {
    test(`of ${name} is ${said === null ? 'taken' : 'refused before it is sent'}`, async () => {
      const desk = openTwilio();
      const outcome = await desk.send({ message });
      assert.equal(desk.calls.length, said === null ? 1 : 0);
      if (said === null) assert.equal(outcome.kind, 'accepted');
      else {
        assert.ok(outcome.kind === 'rejected' && outcome.scope === 'message');
        assert.match(outcome.detail, said);
      }
      const { kind: _, ...fault } = { kind: '', ...sms.inspect?.(message, TWILIO) };
      if (outcome.kind === 'rejected') assert.deepEqual(fault, { reason: outcome.reason, detail: outcome.detail });
      else assert.equal(sms.inspect?.(message, TWILIO), null);
    });
  }

  test('may be longer than Twilio takes where somebody else sends', () => {
    assert.equal(sms.inspect?.(text(1601), GENERIC), null);
    assert.equal(sms.inspect?.(text(1601)), null, 'nobody said who sends');
    assert.equal(sms.inspect?.(native({ mediaUrl: ['https://example.com/a.png'] })), null);
    const fault = sms.inspect?.(native({ mediaUrl: ['https://example.com/a.png'] }), GENERIC);
    assert.match(fault?.detail ?? '', /^body: the payload for an SMS gateway is/);
  });

  test('gets values that cannot end the text they are put into', () => {
    const escapeAt = (value: string, path: string | null) => sms.escapeValue?.(value, path);
    assert.equal(escapeAt('a","2":"b\n', 'contentVariables'), 'a\\",\\"2\\":\\"b\\n');
    assert.equal(escapeAt('a"<b>', 'body'), 'a"<b>');
    assert.equal(escapeAt('a"<b>', null), 'a"<b>');
  });
});

/** [number, outcome] */
const PHONES: readonly (readonly [string, string])[] = [
  ['+15005550001', 'rejected recipient unreachable_recipient'],
  ['+15005550002', 'rejected recipient unreachable_recipient'],
  ['+15005550003', 'rejected recipient unreachable_recipient'],
  ['+15005550004', 'rejected recipient opted_out'],
  ['+15005550009', 'rejected recipient unreachable_recipient'],
];

describe('Twilio says no', () => {
  for (const [channelId, expected] of PHONES) {
    test(`to ${channelId}: ${expected}`, async () => {
      assert.equal(summary(await openTwilio().send({ address: { channelId, reference: null } })), expected);
    });
  }

  test('to credentials and senders, for the whole connection, and the check finds the credentials', async () => {
    const wrong = openTwilio({ authToken: 'another' });
    assert.equal(summary(await wrong.send()), 'rejected connection connection_refused');
    const { ok, detail } = await wrong.session.check(soon());
    assert.ok(!ok);
    assert.match(detail, /^HTTP 401 20003 Authentication Error/);
    const foreign = openTwilio({ from: '+15005550007' });
    assert.equal(summary(await foreign.send()), 'rejected connection connection_refused');
  });

  test('to too many at once, which slows the connection', async () => {
    sandbox.faults.set([{ provider: 'twilio', fault: { kind: 'status', status: 429, retryAfterSeconds: 7 } }]);
    const outcome = await openTwilio().send();
    assert.ok(outcome.kind === 'busy');
    assert.deepEqual([outcome.scope, outcome.retryAfterMs], ['connection', 7000]);
  });

  test('and something that is not Twilio is found out', async () => {
    const { ok, detail } = await openTwilio({ apiUrl: `${sandbox.urls.base}/elsewhere` }).session.check(soon());
    assert.ok(!ok);
    assert.match(detail, /check apiUrl/);
  });
});

const HOSTILE = '"},"to":"+1"} &to=+1 {to} {key} {token} $& \\ \ud800';

describe('What goes to a gateway', () => {
  test('is the body in JSON, in which no text breaks out', async () => {
    const desk = openGateway({
      body: { to: '{to}', n: ['{digits}', 1, true, null], sms: { text: '> {text}' }, key: '{key}', '{to}': '{other}' },
    });
    await desk.send({ key: KEY, message: { type: 'text', text: HOSTILE } });
    assert.deepEqual(JSON.parse(desk.calls[0]?.body ?? ''), {
      to: '+4915112345678',
      n: ['4915112345678', 1, true, null],
      sms: { text: `> ${HOSTILE.toWellFormed()}` },
      key: KEY,
      '{to}': '{other}',
    });
    assert.deepEqual(desk.calls[0]?.headers, {
      authorization: 'Bearer gateway-token',
      'content-type': 'application/json',
      'user-agent': 'beckon',
    });
  });

  test('is a form, in which no text breaks out', async () => {
    const body = { to: '{to}', text: '{text}', password: '{token}', flash: 1 };
    const desk = openGateway({ format: 'form', body });
    await desk.send({ message: { type: 'native', payload: { body: HOSTILE } } });
    assert.deepEqual(
      [...new URLSearchParams(desk.calls[0]?.body ?? '')],
      [
        ['to', '+4915112345678'],
        ['text', HOSTILE.toWellFormed()],
        ['password', 'gateway-token'],
        ['flash', '1'],
      ],
    );
    assert.equal(desk.calls[0]?.headers['content-type'], 'application/x-www-form-urlencoded');
  });

  test('is never a payload of other keys', async () => {
    for (const payload of [{}, { body: '' }, { body: 'a', to: '+1' }, { text: 'a' }]) {
      const desk = openGateway();
      const outcome = await desk.send({ message: { type: 'native', payload } });
      assert.deepEqual([summary(outcome), desk.calls.length], ['rejected message message_invalid', 0]);
    }
  });
});

/** [status, outcome] */
const GATEWAY: readonly (readonly [number, string])[] = [
  [200, 'accepted'],
  [202, 'accepted'],
  [302, 'rejected connection url_refused'],
  [400, 'rejected recipient provider_error'],
  [401, 'rejected connection connection_refused'],
  [403, 'rejected connection connection_refused'],
  [404, 'rejected recipient provider_error'],
  [413, 'rejected message message_too_large'],
  [422, 'rejected recipient provider_error'],
  [429, 'busy connection'],
  [500, 'unknown provider_error'],
  [502, 'unknown provider_error'],
  [503, 'failed provider_error'],
];

/** [idPath, body, id] */
const IDS: readonly (readonly [string, unknown, string | null])[] = [
  ['id', { id: 'a-1' }, 'a-1'],
  ['id', { id: 12 }, '12'],
  ['messages.0.id', { messages: [{ id: 'a' }] }, 'a'],
  ['0.id', [{ id: 'a' }], 'a'],
  ['id', { id: { deep: 1 } }, null],
  ['id', { id: 'with space' }, null],
  ['constructor.name', {}, null],
  ['a.b', { a: null }, null],
  ['id', 'no json', null],
];

describe('A gateway', () => {
  for (const [status, expected] of GATEWAY) {
    test(`that answers ${status}: ${expected}`, async () => {
      sandbox.faults.set([{ provider: 'hooks', fault: { kind: 'status', status, body: 'why' } }]);
      const outcome = await openGateway().send();
      assert.equal(summary(outcome), expected);
      assert.ok(outcome.kind === 'accepted' || outcome.detail.startsWith(`HTTP ${status} why`));
    });
  }

  test('that repeats what it was sent gives no secret away', async () => {
    const desk = openGateway({
      headers: { authorization: 'Basic aGVsbG86d29ybGQ=', 'x-key': 'planted-{token}' },
      body: { login: { password: 'planted-password' }, to: '{to}' },
    });
    const body = 'aGVsbG86d29ybGQ=, planted-gateway-token, gateway-token, planted-password: no';
    sandbox.faults.set([{ provider: 'hooks', fault: { kind: 'status', status: 400, body } }]);
    const outcome = await desk.send();
    assert.equal('detail' in outcome && outcome.detail, 'HTTP 400 ***, ***, ***, ***: no');
  });

  for (const [idPath, body, id] of IDS) {
    test(`that answers ${JSON.stringify(body)} has ${id ?? 'nothing'} at ${idPath}`, async () => {
      sandbox.faults.set([{ provider: 'hooks', fault: { kind: 'status', status: 200, body } }]);
      assert.deepEqual(await openGateway({ idPath }).send(), { kind: 'accepted', providerMessageId: id });
    });
  }
});

const TWILIO = { provider: 'twilio', accountSid, authToken, from };
const GENERIC = { provider: 'generic', url: 'https://sms.example.com/', body: { to: '{to}' } };

/** [settings, whether they may be] */
const SETTINGS: readonly (readonly [JsonObject, boolean])[] = [
  [TWILIO, true],
  [{ ...TWILIO, from: 'Beckon HR' }, true],
  [{ ...TWILIO, from: '12345' }, true],
  [{ ...TWILIO, from: '4915112345' }, false],
  [{ ...TWILIO, apiKeySid, apiKeySecret }, true],
  [{ provider: 'twilio', accountSid, apiKeySid, apiKeySecret, messagingServiceSid }, true],
  [{ provider: 'twilio', accountSid, authToken }, false],
  [{ provider: 'twilio', accountSid, from }, false],
  [{ provider: 'twilio', authToken, from }, false],
  [{ ...TWILIO, apiKeySid }, false],
  [{ ...TWILIO, apiKeySecret }, false],
  [{ ...TWILIO, url: 'https://sms.example.com/' }, false],
  [{ ...TWILIO, accountSid: '../x' }, false],
  [GENERIC, true],
  [{ ...GENERIC, format: 'form' }, true],
  [{ ...GENERIC, format: 'form', body: { to: { deep: '{to}' } } }, false],
  [{ ...GENERIC, format: 'xml' }, false],
  [{ ...GENERIC, body: {} }, false],
  [{ ...GENERIC, accountSid }, false],
  [{ provider: 'generic', url: 'https://sms.example.com/' }, false],
  [{ ...GENERIC, headers: { 'a b': 'c' } }, false],
  [{ ...GENERIC, provider: 'other' }, false],
  [{ accountSid, authToken, from }, false],
];

describe('Settings', () => {
  for (const [settings, good] of SETTINGS) {
    test(`${JSON.stringify(settings)}: ${good ? 'yes' : 'no'}`, () => {
      assert.equal(Value.Check(sms.settings, settings), good);
    });
  }
});

function openTwilio(settings: JsonObject = {}): Desk {
  return openTestDesk({
    channel: sms,
    settings: { ...TWILIO, apiUrl: sandbox.urls.twilio, ...settings },
    address: JANE,
  });
}

function openGateway(settings: JsonObject = {}): Desk {
  return openTestDesk({
    channel: sms,
    settings: {
      provider: 'generic',
      url: `${sandbox.urls.hooks}/sms`,
      token: 'gateway-token',
      headers: { authorization: 'Bearer {token}', 'Content-Length': '1' },
      body: { to: '{to}', text: '{text}' },
      ...settings,
    },
    address: JANE,
  });
}

function summary(outcome: Outcome): string {
  const scope = 'scope' in outcome ? [outcome.scope] : [];
  const reason = 'reason' in outcome ? [outcome.reason] : [];
  return [outcome.kind, ...scope, ...reason].join(' ');
}
