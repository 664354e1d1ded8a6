import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { recipientRef } from '../../model/ids.ts';
import type { News } from '../../model/news.ts';
import { TWILIO_ACCOUNT } from '../../sandbox/credentials.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { signForm } from '../../sandbox/twilio-callbacks.ts';
import { NOTIFICATION_ID, openTestClock, openTestDesk } from '../test-desk.ts';
import { type Ear, openTestEar } from '../test-ear.ts';
import { sms } from './sms.ts';
import { isSignedByTwilio, signTwilioForm } from './twilio-signature.ts';

const { accountSid, authToken, apiKeySid, apiKeySecret, from } = TWILIO_ACCOUNT;
const SETTINGS = { provider: 'twilio', accountSid, authToken, from, stopWords: { News: 'newsletter' } };
const JANE = '+4915112345678';
const REF = recipientRef(NOTIFICATION_ID, 7);
const clock = openTestClock();
const now = clock.now();

const ear = await openTestEar({ channel: sms, settings: SETTINGS, clock });
let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
  sandbox.webhooks.set('twilio', ear.eventsUrl);
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('The signature', () => {
  const form = new URLSearchParams({
    CallSid: 'CA1234567890ABCDE',
    Caller: '+14158675309',
    Digits: '1234',
    From: '+14158675309',
    To: '+18005551212',
  });
  const url = 'https://mycompany.com/myapp.php?foo=1&bar=2';
  const signature = 'RSOYDt4T1cUTdK1PDd93/VVr8B8=';

  test('is that of the documented example', () => {
    assert.equal(signTwilioForm({ url, form }, '12345'), signature);
    assert.ok(isSignedByTwilio({ url, form }, signature, '12345'));
  });

  test('is one with the port or without it', () => {
    for (const spelling of ['https://mycompany.com:443/myapp.php?foo=1&bar=2', url]) {
      assert.ok(isSignedByTwilio({ url: spelling, form }, signature, '12345'));
    }
    const odd = signTwilioForm({ url: url.replace('.com', '.com:8443'), form }, '12345');
    assert.ok(isSignedByTwilio({ url: url.replace('.com', '.com:8443'), form }, odd, '12345'));
    assert.ok(!isSignedByTwilio({ url: url.replace('.com', '.com:8444'), form }, odd, '12345'));
  });

  test('covers a field that comes twice', () => {
    const twice = new URLSearchParams('b=2&a=1&b=1');
    const digest = signTwilioForm({ url, form: twice }, 'x');
    assert.equal(digest, signTwilioForm({ url: `${url}a1b1b2`, form: new URLSearchParams() }, 'x'));
  });

  test('of another token, shorter, longer or empty is none', () => {
    for (const other of ['', '=', signature.slice(1), signature.slice(0, -1), `${signature}=`, `${signature} `, '💥']) {
      assert.ok(!isSignedByTwilio({ url, form }, other, '12345'), other);
    }
    assert.ok(!isSignedByTwilio({ url, form }, signature, '123456'));
  });
});

const receipt = (state: 'sent' | 'delivered' | 'read'): News => {
  return { kind: 'receipt', notificationId: NOTIFICATION_ID, seq: 0, state, at: now, reason: null, detail: null };
};
const failure = (reason: 'unreachable_recipient' | 'opted_out', detail: string): News => {
  return { kind: 'receipt', notificationId: NOTIFICATION_ID, seq: 0, state: 'failed', at: now, reason, detail };
};

/** [number, what is told of the message, in no order] */
const FATES: readonly (readonly [string, readonly News[]])[] = [
  [JANE, [receipt('sent'), receipt('delivered')]],
  ['+999000010001', [receipt('sent'), receipt('delivered')]],
  ['+999000020001', [receipt('sent'), receipt('sent'), receipt('delivered'), receipt('delivered')]],
  ['+999000030001', [receipt('sent'), receipt('delivered'), receipt('read')]],
  ['+999300030001', [receipt('sent'), failure('unreachable_recipient', 'Twilio says undelivered, error 30003')]],
  [
    '+999216100001',
    [
      failure('opted_out', 'Twilio says failed, error 21610'),
      {
        kind: 'silenced',
        identity: '+999216100001',
        reason: 'opted_out',
        detail: 'Twilio says failed, error 21610',
        at: now,
      },
    ],
  ],
];

describe('What became of a message', () => {
  for (const [channelId, expected] of FATES) {
    test(`to ${channelId} is told by the simulator, over HTTP`, async () => {
      const listening = await openTestEar({ channel: sms, settings: SETTINGS, clock });
      const desk = openTestDesk({
        channel: sms,
        settings: { ...SETTINGS, apiUrl: sandbox.urls.twilio },
        address: { channelId, reference: null },
        publicUrl: listening.publicUrl,
      });
      assert.equal((await desk.send()).kind, 'accepted');
      const form = new URLSearchParams(desk.calls[0]?.body ?? '');
      assert.equal(form.get('StatusCallback'), `${listening.receiptsUrl}?ref=${recipientRef(NOTIFICATION_ID, 0)}`);
      await sandbox.webhooks.whenIdle();
      assert.deepEqual(listening.news().map(asText).sort(), expected.map(asText).sort());
      assert.deepEqual(sandbox.webhooks.counts.dropped, 0);
      for (const { reply } of listening.heard) assert.deepEqual([reply.status, reply.type], [200, 'text/xml']);
    });
  }

  test('is not asked for without a public URL, nor where no auth token could check it', async () => {
    const { authToken: _, ...keyless } = SETTINGS;
    for (const [settings, publicUrl] of [
      [SETTINGS, null],
      [{ ...keyless, apiKeySid, apiKeySecret }, 'https://beckon.example/'],
    ] as const) {
      const apiUrl = sandbox.urls.twilio;
      const address = { channelId: JANE, reference: null };
      const desk = openTestDesk({ channel: sms, settings: { ...settings, apiUrl }, address, publicUrl });
      assert.equal((await desk.send()).kind, 'accepted');
      assert.doesNotMatch(desk.calls[0]?.body ?? '', /StatusCallback/);
    }
  });
});

/** [status, code, news: state and reason; null: none] */
const STATUSES: readonly (readonly [string, string | null, string | null])[] = [
  ['accepted', null, null],
  ['scheduled', null, null],
  ['queued', null, null],
  ['sending', null, null],
  ['partially_delivered', null, null],
  ['constructor', null, null],
  ['', null, null],
  ['sent', null, 'sent null'],
  ['delivered', null, 'delivered null'],
  ['read', null, 'read null'],
  ['undelivered', '30001', 'failed rate_limited'],
  ['undelivered', '30002', 'failed connection_refused'],
  ['undelivered', '30003', 'failed unreachable_recipient'],
  ['undelivered', '30004', 'failed blocked_by_recipient'],
  ['undelivered', '30005', 'failed unreachable_recipient'],
  ['undelivered', '30006', 'failed unreachable_recipient'],
  ['undelivered', '30007', 'failed message_invalid'],
  ['undelivered', '30008', 'failed provider_error'],
  ['undelivered', '30022', 'failed rate_limited'],
  ['undelivered', '30023', 'failed rate_limited'],
  ['undelivered', '30034', 'failed connection_refused'],
  ['undelivered', '30410', 'failed provider_timeout'],
  ['failed', '21614', 'failed unreachable_recipient'],
  ['failed', '21611', 'failed rate_limited'],
  ['failed', '39999', 'failed provider_error'],
  ['failed', null, 'failed provider_error'],
  ['failed', 'x', 'failed provider_error'],
  ['canceled', null, 'failed provider_error'],
];

describe('A status', () => {
  for (const [status, code, expected] of STATUSES) {
    test(`${status} ${code ?? ''}: ${expected ?? 'no news'}`, async () => {
      const fields = { MessageStatus: status, ...(code === null ? {} : { ErrorCode: code }) };
      const { reply, news, refused } = await hearStatus(fields);
      assert.deepEqual([reply.status, refused], [200, undefined]);
      const [first] = news;
      assert.equal(first?.kind === 'receipt' ? `${first.state} ${first.reason}` : null, expected);
      if (first?.kind === 'receipt') assert.deepEqual([first.seq, first.at], [7, now]);
    });
  }

  for (const ref of ['', 'x', `${NOTIFICATION_ID}.`, `${NOTIFICATION_ID}.-1`, `${REF}.1`, `${NOTIFICATION_ID}.1e3`]) {
    test(`of ${JSON.stringify(ref)} is nobody's`, async () => {
      const { reply, news } = await hearStatus({ MessageStatus: 'delivered' }, `?ref=${ref}`);
      assert.deepEqual([reply.status, news], [200, []]);
    });
  }
});

/** [text, OptOutType, what follows] */
const REPLIES: readonly (readonly [string, 'STOP' | 'START' | 'HELP' | undefined, News['kind'] | null])[] = [
  ['STOP', undefined, 'silenced'],
  ['stop', undefined, 'silenced'],
  [' Stop.\n', undefined, 'silenced'],
  ['"Stop!"', undefined, 'silenced'],
  ['STOPALL', undefined, 'silenced'],
  ['UNSUBSCRIBE', undefined, 'silenced'],
  ['Cancel', undefined, 'silenced'],
  ['END', undefined, 'silenced'],
  ['QUIT', undefined, 'silenced'],
  ['please stop', undefined, null],
  ['stop please', undefined, null],
  ['stopping', undefined, null],
  ['STOP NEWS', undefined, 'declined'],
  ['"unsubscribe  news!"', undefined, 'declined'],
  ['start News', undefined, 'wanted'],
  ['STOP NEWS please', undefined, null],
  ['STOP REMINDERS', undefined, null],
  ['STOP constructor', undefined, null],
  ['please STOP NEWS', undefined, null],
  ['NEWS', undefined, null],
  ['STOP NEWS', 'STOP', 'silenced'],
  ['', undefined, null],
  ['START', undefined, 'welcome'],
  ['yes', undefined, 'welcome'],
  ['UNSTOP', undefined, 'welcome'],
  ['ARRET', 'STOP', 'silenced'],
  ['encore', 'START', 'welcome'],
  ['STOP', 'HELP', null],
  ['STOP', 'START', 'welcome'],
];

describe('An answer', () => {
  for (const [body, optOutType, expected] of REPLIES) {
    test(`${JSON.stringify(body)} ${optOutType ?? ''}: ${expected ?? 'no news'}`, async () => {
      const before = ear.heard.length;
      const reply = await sandbox.twilio.say(JANE, body, optOutType);
      assert.deepEqual(reply, { status: 200, body: '<?xml version="1.0" encoding="UTF-8"?><Response/>' });
      const news = ear.heard.slice(before).flatMap((callback) => callback.news);
      const detail = 'answered with a word for stop';
      if (expected === null) assert.deepEqual(news, []);
      else if (expected === 'welcome') assert.deepEqual(news, [{ kind: 'welcome', identity: JANE, at: now }]);
      else if (expected === 'declined' || expected === 'wanted')
        assert.deepEqual(news, [{ kind: expected, identities: [JANE], category: 'newsletter', at: now }]);
      else assert.deepEqual(news, [{ kind: 'silenced', identity: JANE, reason: 'opted_out', detail, at: now }]);
    });
  }

  test('from something that is no phone number changes nothing', async () => {
    const fields = { AccountSid: accountSid, Body: 'STOP', From: 'whatsapp:+4915112345678' };
    const { reply, news } = await ear.hear(signForm(ear.eventsUrl, { authToken }, fields));
    assert.deepEqual([reply.status, news], [200, []]);
  });

  test('STOP is obeyed by the next message: it opts the recipient out', async () => {
    const settings = { ...SETTINGS, apiUrl: sandbox.urls.twilio };
    const desk = openTestDesk({ channel: sms, settings, address: { channelId: JANE, reference: null } });
    await sandbox.twilio.say(JANE, 'STOP');
    const outcome = await desk.send();
    assert.ok(outcome.kind === 'rejected');
    assert.deepEqual([outcome.scope, outcome.reason, outcome.silence], ['recipient', 'opted_out', 'opted_out']);
    await sandbox.twilio.say(JANE, 'START');
    assert.equal((await desk.send()).kind, 'accepted');
  });
});

describe('A request that is not from Twilio is refused, and tells nothing', () => {
  const fields = { AccountSid: accountSid, MessageStatus: 'delivered', To: JANE };
  const url = () => `${ear.receiptsUrl}?ref=${REF}`;
  const signed = (token = authToken, form: Record<string, string> = fields) =>
    signForm(url(), { authToken: token }, form);
  const other = (seq: number) => `${ear.receiptsUrl}?ref=${recipientRef(NOTIFICATION_ID, seq)}`;

  /** [what is wrong, the request, status, what is said] */
  const HOSTILE: readonly (readonly [string, () => Parameters<Ear['hear']>[0], number, RegExp])[] = [
    ['without a signature', () => ({ ...signed(), headers: FORM }), 403, /X-Twilio-Signature does not fit/],
    ['signed with another token', () => signed('other'), 403, /X-Twilio-Signature/],
    ['with two signatures', () => withSignature(signed(), (text) => [text, text]), 403, /X-Twilio-Signature/],
    ['with half a signature', () => withSignature(signed(), (text) => text.slice(0, 14)), 403, /X-Twilio-Signature/],
    ['signed for another recipient', () => ({ ...signed(), url: other(8) }), 403, /X-Twilio-Signature/],
    ['signed for the events', () => ({ ...signed(), kind: 'events', url: ear.eventsUrl }), 403, /X-Twilio-Signature/],
    ['with a field more', () => ({ ...signed(), body: `${signed().body}&ErrorCode=30003` }), 403, /X-Twilio-Signature/],
    ['with a field less', () => ({ ...signed(), body: `AccountSid=${accountSid}` }), 403, /X-Twilio-Signature/],
    ['without a body', () => ({ ...signed(), body: '' }), 403, /X-Twilio-Signature/],
    [
      'in bytes that are no text',
      () => ({ ...signed(), body: Buffer.from([0xff, 0xfe, 0]) }),
      403,
      /X-Twilio-Signature/,
    ],
    [
      'about another account',
      () => signed(authToken, { ...fields, AccountSid: `AC${'f'.repeat(32)}` }),
      403,
      /another Twilio account/,
    ],
    ['about no account', () => signed(authToken, { MessageStatus: 'delivered' }), 403, /another Twilio account/],
    ['in JSON', () => ({ ...signed(), headers: { 'content-type': 'application/json' } }), 415, /forms only/],
    ['in nothing', () => ({ ...signed(), headers: {} }), 415, /forms only/],
    ['by GET', () => ({ ...signed(), method: 'GET' }), 405, /HTTP POST/],
    ['of a mebibyte', () => signed(authToken, { ...fields, Body: 'x'.repeat(2 ** 20) }), 413, /longer than/],
    ['of many fields', () => ({ ...signed(), body: 'a&'.repeat(2 ** 19) }), 413, /longer than/],
  ];
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

  for (const [name, request, status, said] of HOSTILE) {
    test(name, async () => {
      const { reply, news, refused = '' } = await ear.hear({ url: url(), kind: 'receipts', ...request() });
      assert.deepEqual([reply.status, reply.body, news], [status, undefined, []]);
      assert.match(refused, said);
      assert.ok(!refused.includes(authToken));
    });
  }

  test('as is every one where only an API key is configured', async () => {
    const { authToken: _, ...keyless } = SETTINGS;
    const deaf = await openTestEar({ channel: sms, settings: { ...keyless, apiKeySid, apiKeySecret } });
    for (const token of [authToken, '', apiKeySecret]) {
      const { reply, news, refused } = await deaf.hear(signForm(deaf.eventsUrl, { authToken: token || 'x' }, fields));
      assert.deepEqual([reply.status, news], [403, []]);
      assert.match(refused ?? '', /^authToken is not configured/);
    }
  });

  test('as is every one where a gateway sends', async () => {
    const settings = { provider: 'generic', url: 'https://sms.example.com/', body: { to: '{to}' } };
    const { reply, news, refused } = await (await openTestEar({ channel: sms, settings })).hear();
    assert.deepEqual([reply.status, news], [404, []]);
    assert.match(refused ?? '', /^provider generic takes no callbacks/);
  });
});

function hearStatus(fields: Readonly<Record<string, string>>, query = `?ref=${REF}`) {
  const url = `${ear.receiptsUrl}${query}`;
  return ear.hear({ kind: 'receipts', url, ...signForm(url, { authToken }, { AccountSid: accountSid, ...fields }) });
}

function withSignature(post: ReturnType<typeof signForm>, change: (signature: string) => string | string[]) {
  const signature = change(post.headers['x-twilio-signature'] ?? '');
  return { ...post, headers: { ...post.headers, 'x-twilio-signature': signature } };
}

const asText = (news: News): string => JSON.stringify(news, Object.keys(news).sort());
