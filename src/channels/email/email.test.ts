import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Value } from 'typebox/value';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, NOTIFICATION_ID, openTestDesk } from '../test-desk.ts';
import { email } from './email.ts';

const CREATED_AT = Date.UTC(2021, 9, 11, 13, 44, 34, 675);

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('What goes over the wire', () => {
  test('a text', async () => {
    const desk = open({ replyTo: 'Jane in HR <hr@example.com>' });
    const message = { type: 'text', text: 'Grüße aus Köln\n\nDer Kaffee ist alle.\n.\n' } as const;
    const outcome = await desk.send({ key: 'ms-1', message, createdAt: CREATED_AT });
    assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: '<ms-1@example.com>' });
    assert.deepEqual(mails(), [
      [
        'Auto-Submitted: auto-generated',
        'From: HR assistant <jobs@example.com>',
        'To: jane@example.com',
        'Reply-To: Jane in HR <hr@example.com>',
        'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=',
        'Message-ID: <ms-1@example.com>',
        'Date: Mon, 11 Oct 2021 13:44:34 +0000',
        'Content-Transfer-Encoding: quoted-printable',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        '',
        'Gr=C3=BC=C3=9Fe aus K=C3=B6ln',
        '',
        'Der Kaffee ist alle.',
        '.',
        '',
      ].join('\r\n'),
    ]);
    const [entry] = sandbox.ledger.entries();
    assert.deepEqual(
      [entry?.recipient, entry?.conversation, entry?.key, entry?.text],
      [
        'jane@example.com',
        'jobs@example.com',
        '<ms-1@example.com>',
        'Grüße aus Köln\n\nGrüße aus Köln\n\nDer Kaffee ist alle.\n.',
      ],
    );
  });

  test('text and HTML, and headers that are open to callers', async () => {
    const payload = {
      subject: 'News',
      text: 'Read this.',
      html: '<p>Read <b>this</b>.</p>',
      headers: { 'X-Priority': '1', 'feedback-id': 'a:b:c:d' },
    };
    await open().send({ key: 'ms-1', message: { type: 'native', payload }, createdAt: CREATED_AT });
    assert.deepEqual(mails(), [
      [
        'X-Priority: 1',
        'Feedback-ID: a:b:c:d',
        'Auto-Submitted: auto-generated',
        'From: HR assistant <jobs@example.com>',
        'To: jane@example.com',
        'Subject: News',
        'Message-ID: <ms-1@example.com>',
        'Date: Mon, 11 Oct 2021 13:44:34 +0000',
        'MIME-Version: 1.0',
        'Content-Type: multipart/alternative; boundary="--_NmP-ms-1-Part_1"',
        '',
        '----_NmP-ms-1-Part_1',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: 7bit',
        '',
        'Read this.',
        '----_NmP-ms-1-Part_1',
        'Content-Type: text/html; charset=utf-8',
        'Content-Transfer-Encoding: 7bit',
        '',
        '<p>Read <b>this</b>.</p>',
        '----_NmP-ms-1-Part_1--',
        '',
      ].join('\r\n'),
    ]);
  });

  test('HTML alone', async () => {
    const payload = { subject: 'News', html: '<p>Read this.</p>' };
    await open().send({ message: { type: 'native', payload } });
    assert.match(mails()[0] ?? '', /^Content-Type: text\/html; charset=utf-8\r$/m);
  });

  test('the same bytes on every attempt', async () => {
    const desk = open({ unsubscribeUrl: 'https://example.com/u?{key}' });
    const payload = { subject: 'Größe', text: 'ä', html: '<p>ä</p>' };
    for (const _attempt of [1, 2]) {
      await desk.send({ key: 'ms-1', message: { type: 'native', payload }, createdAt: CREATED_AT });
    }
    const [first, second] = mails();
    assert.equal(second, first);
  });

  test('one-click unsubscribe, with who and what encoded into the URL', async () => {
    const desk = open({ unsubscribeUrl: 'https://example.com/u?key={key}&who={identity}' });
    await desk.send({ key: 'ms-1', identity: 'jane+a&b@example.com' });
    const [mail = ''] = mails();
    assert.ok(
      mail.includes('\r\nList-Unsubscribe: <https://example.com/u?key=ms-1&who=jane%2Ba%26b%40example.com>\r\n'),
      mail,
    );
    assert.ok(mail.includes('\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n'), mail);
  });

  test('bounces come back with the id of the message', async () => {
    await open({ envelopeFrom: 'bounce+{key}@bounces.example.com' }).send({ key: 'ms-1' });
    assert.equal(sandbox.ledger.entries()[0]?.conversation, 'bounce+ms-1@bounces.example.com');
    await open({ envelopeFrom: 'bounce+{ref}@bounces.example.com' }).send({ seq: 12 });
    assert.equal(sandbox.ledger.entries()[1]?.conversation, `bounce+${NOTIFICATION_ID}.12@bounces.example.com`);
    assert.match(mails()[0] ?? '', /^From: HR assistant <jobs@example.com>\r$/m);
  });

  test('the address of the directory, whatever the identity', async () => {
    await open().send({ identity: 'jane@old.example', address: { channelId: 'jane@new.example', reference: null } });
    assert.equal(sandbox.ledger.countOf('smtp', 'jane@new.example'), 1);
  });
});

/** [text, subject] */
const SUBJECTS: readonly (readonly [string, string])[] = [
  ['Hello', 'Hello'],
  ['\r\n \n  Hello \t there\r\nSecond line', 'Hello there'],
  ['Bcc: x@example.com\u2028Subject: y', 'Bcc: x@example.com'],
  ['a\u0000b\u0007c', 'a b c'],
  ['', 'Notification'],
  [' \n\t', 'Notification'],
  ['x'.repeat(78), 'x'.repeat(78)],
  ['🧨'.repeat(79), `${'🧨'.repeat(77)}…`],
];

describe('The subject of a text', () => {
  for (const [text, subject] of SUBJECTS) {
    test(`${JSON.stringify(text).slice(0, 40)}: ${subject.slice(0, 20)}`, async () => {
      assert.equal((await open().send({ message: { type: 'text', text } })).kind, 'accepted');
      assert.equal(sandbox.ledger.entries()[0]?.text?.split('\n')[0], subject);
    });
  }

  test('may be fixed', async () => {
    await open({ subject: 'From the Köln office' }).send({ message: { type: 'text', text: 'Hello' } });
    assert.equal(sandbox.ledger.entries()[0]?.text, 'From the Köln office\n\nHello');
  });
});

/** [payload, scope, what the sentence says] */
const REFUSED_PAYLOADS: readonly (readonly [JsonObject, 'message' | 'recipient', RegExp])[] = [
  [{}, 'message', /^subject: is missing/],
  [{ subject: ' ', text: 'x' }, 'message', /^subject: is missing/],
  [{ subject: 'x' }, 'message', /^text: is missing, and so is html/],
  [{ subject: 'x', text: 1 }, 'message', /^text: must be text/],
  [{ subject: 'x', html: { path: '/etc/passwd' } }, 'message', /^html: must be text/],
  [{ subject: 'x', text: 'x', attachments: [{ path: '/etc/passwd' }] }, 'message', /^attachments: is no key of a mail/],
  [{ subject: 'x', text: 'x', bcc: 'all@example.com' }, 'message', /^bcc: is no key/],
  [{ subject: 'x', text: 'x', headers: { Bcc: 'all@example.com' } }, 'message', /^headers.Bcc: may not be set/],
  [{ subject: 'x', text: 'x', headers: { 'X-SMTPAPI': '{}' } }, 'message', /^headers.X-SMTPAPI: may not be set/],
  [{ subject: 'x', text: 'x', headers: { 'X-Priority': 1 } }, 'message', /^headers.X-Priority: must be text/],
  [
    { subject: 'x', text: 'x', headers: { 'X-Priority': '1\r\nBcc: a@b' } },
    'recipient',
    /^headers.X-Priority: holds a line break/,
  ],
  [{ subject: 'x\r\nBcc: all@example.com', text: 'x' }, 'recipient', /^subject: holds a line break/],
  [{ subject: 'x\nBcc: all@example.com', text: 'x' }, 'recipient', /^subject: holds a line break/],
  [{ subject: 'x'.repeat(901), text: 'x' }, 'recipient', /^subject: has 901 characters; 900 are the most/],
];

describe('A payload is refused before anything is sent', () => {
  for (const [payload, scope, sentence] of REFUSED_PAYLOADS) {
    test(JSON.stringify(payload).slice(0, 80), async () => {
      const outcome = await open().send({ message: { type: 'native', payload } });
      assert.ok(outcome.kind === 'rejected');
      assert.deepEqual([outcome.scope, outcome.reason], [scope, 'message_invalid']);
      assert.match(outcome.detail, sentence);
      assert.deepEqual(sandbox.stats().calls, {});
      const fault = email.inspect?.({ type: 'native', payload });
      if (scope === 'recipient') assert.equal(fault, null, 'it may be the value of one recipient');
      else assert.deepEqual(fault, { reason: 'message_invalid', detail: outcome.detail });
    });
  }
});

/** [path, value, what it becomes] */
const VALUES: readonly (readonly [string | null, string, string])[] = [
  ['html', `<img src=x onerror='a()'> "R&D"`, '&lt;img src=x onerror=&#39;a()&#39;&gt; &quot;R&amp;D&quot;'],
  ['html', '&amp;', '&amp;amp;'],
  ['subject', 'x\r\nBcc: all@example.com', 'x Bcc: all@example.com'],
  ['subject', 'a\u0000b\u2028c <b>', 'a b c <b>'],
  ['headers.X-Priority', '1\n2', '1 2'],
  ['text', 'a < b\r\nc', 'a < b\r\nc'],
  [null, 'a < b\r\nc', 'a < b\r\nc'],
];

describe('The value of a parameter', () => {
  for (const [path, value, expected] of VALUES) {
    test(`${JSON.stringify(value)} in ${path ?? 'a plain text'}`, () => {
      assert.equal(email.escapeValue?.(value, path), expected);
    });
  }
});

const NO_ADDRESSES = [
  '',
  'jane',
  '@example.com',
  'jane@',
  'jane@example.com, john@example.com',
  'jane@example.com;john@example.com',
  'Jane <jane@example.com>',
  '<jane@example.com>',
  'jane@example.com\r\nRCPT TO:<john@example.com>',
  'jane@example.com\n',
  'jane\u0000@example.com',
  'jane doe@example.com',
  '"jane doe"@example.com',
  'jane@example..com',
  'jane@.example.com',
  'jane@example.com.',
  'jane@john@example.com',
  'jane@[127.0.0.1]',
  `${'x'.repeat(65)}@example.com`,
  `jane@${'x'.repeat(250)}.com`,
];

describe('What is not one address is refused', () => {
  for (const channelId of NO_ADDRESSES) {
    test(JSON.stringify(channelId).slice(0, 60), async () => {
      const outcome = await open().send({ address: { channelId, reference: null } });
      assert.ok(outcome.kind === 'rejected');
      assert.deepEqual([outcome.scope, outcome.reason], ['recipient', 'unreachable_recipient']);
      assert.doesNotMatch(outcome.detail, /\p{C}/u);
      assert.deepEqual(sandbox.stats().calls, {});
    });
  }

  test('but not what many take for none', async () => {
    for (const channelId of ["o'neil+tag=x@example.com", 'jane@büro.example', 'jörg@example.com', 'root@mailhost']) {
      const outcome = await open().send({ address: { channelId, reference: null } });
      assert.equal(outcome.kind, 'accepted', channelId);
    }
  });
});

/** [settings, fit] */
const SETTINGS: readonly (readonly [JsonObject, boolean])[] = [
  [{}, true],
  [{ host: '10.0.0.1' }, true],
  [{ host: '::1' }, true],
  [{ host: 'smtp://mail.example.com' }, false],
  [{ port: 0 }, false],
  [{ port: 70_000 }, false],
  [{ security: 'maybe' }, false],
  [{ user: 'u' }, false],
  [{ password: 'p' }, false],
  [{ user: 'u', password: 'p' }, true],
  [{ from: 'not an address' }, false],
  [{ from: 'A <a@example.com>\r\nBcc: b@example.com' }, false],
  [{ from: 'a@example.com, b@example.com' }, false],
  [{ replyTo: 'Jörg <j@example.com>' }, true],
  [{ envelopeFrom: 'bounce+{key}@example.com' }, true],
  [{ envelopeFrom: 'Jane <jane@example.com>' }, false],
  [{ subject: 'x\r\nBcc: b@example.com' }, false],
  [{ unsubscribeUrl: 'http://example.com/u' }, false],
  [{ unsubscribeUrl: 'https://example.com/u?a=<b>' }, false],
  [{ unsubscribeUrl: 'https://example.com/u/{key}/{identity}' }, true],
  [{ unsubscribeSecret: 'x'.repeat(32) }, true],
  [{ unsubscribeSecret: 'x'.repeat(31) }, false],
  [{ dkimPrivateKey: 'x' }, false],
  [{ dkimPrivateKey: 'x', dkimSelector: 's1' }, true],
  [{ dkimPrivateKey: 'x', dkimSelector: 's1; d=evil.example' }, false],
  [{ colour: 'red' }, false],
];

describe('Settings', () => {
  for (const [settings, isFit] of SETTINGS) {
    test(`${JSON.stringify(settings).slice(0, 60)} are ${isFit ? 'taken' : 'refused'}`, () => {
      const whole = { host: 'mail.example.com', from: 'jobs@example.com', ...settings };
      assert.equal(Value.Check(email.settings, Value.Default(email.settings, whole)), isFit);
    });
  }

  test('are explained', () => {
    const properties: unknown = Reflect.get(email.settings, 'properties');
    assert.ok(isJsonObject(properties));
    for (const [key, schema] of Object.entries(properties)) {
      assert.ok(isJsonObject(schema) && typeof schema['description'] === 'string', `${key} needs a description`);
    }
  });
});

function open(settings: JsonObject = {}): Desk {
  const { urls, credentials } = sandbox;
  return openTestDesk({
    channel: email,
    settings: {
      ...urls.smtp,
      ...credentials.smtp,
      security: 'none',
      from: 'HR assistant <jobs@example.com>',
      ...settings,
    },
    address: { channelId: 'jane@example.com', reference: null },
  });
}

function mails(): string[] {
  return sandbox.ledger.entries({ provider: 'smtp' }).map(({ body }) => body ?? '');
}
