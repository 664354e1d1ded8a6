import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { News } from '../../model/news.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type BouncedMail, writeBounce } from '../../sandbox/smtp/bounce.ts';
import { NOTIFICATION_ID, openTestClock, openTestDesk } from '../test-desk.ts';
import { openTestEar } from '../test-ear.ts';
import { findRef, signRef } from './bounce-ref.ts';
import { email } from './email.ts';

const SECRET = 'the-mail-server-and-we-know-this';
const SETTINGS = {
  host: '127.0.0.1',
  security: 'none',
  from: 'jobs@example.com',
  envelopeFrom: 'bounce+{ref}@example.com',
  bounceSecret: SECRET,
};
const JANE = 'Jane@example.com';
const clock = openTestClock();
const at = clock.now();
const AUTHORIZED = { 'content-type': 'message/rfc822', authorization: `Bearer ${SECRET}` };

const ear = await openTestEar({ channel: email, settings: SETTINGS, clock });
let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

const recipient = { notificationId: NOTIFICATION_ID, seq: 12 };
const SENDER = `bounce+${signRef(recipient, JANE, SECRET)}@example.com`;
const hear = (mail: Partial<BouncedMail>) =>
  ear.hear({
    kind: 'receipts',
    headers: AUTHORIZED,
    body: writeBounce({ sender: SENDER, recipient: JANE, status: '5.1.1', ...mail }),
  });
const failed = (reason: Extract<News, { kind: 'receipt' }>['reason'], detail: string): News => {
  return { kind: 'receipt', ...recipient, state: 'failed', at, reason, detail };
};

describe('A mail that comes back', () => {
  test('finds its recipient by the sender of the envelope, and its address is dead', async () => {
    const { urls, credentials } = sandbox;
    const settings = { ...SETTINGS, ...urls.smtp, ...credentials.smtp };
    const desk = openTestDesk({ channel: email, settings, address: { channelId: JANE, reference: null } });
    await desk.send({ ...recipient });
    const [entry] = sandbox.ledger.entries({ provider: 'smtp' });
    assert.equal(entry?.conversation, SENDER);
    assert.ok(SENDER.indexOf('@') <= 64);
    const bounce = writeBounce({
      sender: entry?.conversation ?? '',
      recipient: entry?.recipient ?? '',
      status: '5.1.1',
    });
    const response = await fetch(ear.receiptsUrl, { method: 'POST', headers: AUTHORIZED, body: bounce });
    assert.equal(response.status, 200);
    const detail = 'bounced: 5.1.1 550 5.1.1 as its status says (in reply to RCPT TO command)';
    const identity = entry?.recipient ?? '';
    assert.deepEqual(ear.news(), [
      failed('address_gone', detail),
      { kind: 'silenced', identity, reason: 'address_dead', detail, at },
    ]);
  });

  /** [status, reason, whether the address is dead] */
  const STATUSES: readonly (readonly [string, string, boolean])[] = [
    ['5.1.1', 'address_gone', true],
    ['5.1.10', 'address_gone', true],
    ['5.2.1', 'address_gone', true],
    ['5.1.8', 'connection_refused', false],
    ['5.2.2', 'unreachable_recipient', false],
    ['5.3.4', 'message_too_large', false],
    ['5.4.1', 'unreachable_recipient', false],
    ['5.6.0', 'message_invalid', false],
    ['5.7.1', 'unreachable_recipient', false],
    ['5.0.0', 'unreachable_recipient', false],
    ['4.4.7', 'unreachable_recipient', false],
    ['4.1.1', 'unreachable_recipient', false],
    ['5.1', 'unreachable_recipient', false],
    ['', 'unreachable_recipient', false],
  ];
  for (const [status, reason, isDead] of STATUSES) {
    test(`with ${status || 'no status'}: ${reason}${isDead ? ', and the address is dead' : ''}`, async () => {
      const { news } = await hear({ status });
      const [receipt, silenced] = news;
      assert.deepEqual(
        [receipt?.kind === 'receipt' && receipt.reason, silenced?.kind === 'silenced' && silenced.reason],
        [reason, isDead ? 'address_dead' : false],
      );
    });
  }

  for (const action of ['delayed', 'delivered', 'relayed', 'expanded'] as const) {
    test(`or is ${action}: no news`, async () => {
      const { reply, news, refused } = await hear({ action });
      assert.deepEqual([reply.status, news, refused], [200, [], undefined]);
    });
  }

  test('from where it was forwarded to is known by its first address', async () => {
    const { news } = await hear({ forwardedTo: 'jane@elsewhere.example' });
    assert.equal(news[1]?.kind === 'silenced' && news[1].identity, JANE);
  });

  test('in small letters, with bare line feeds, or to many headers', async () => {
    const mail = writeBounce({ sender: SENDER.toLowerCase(), recipient: JANE.toLowerCase(), status: '5.1.1' });
    for (const body of [
      mail,
      mail.replaceAll('\r\n', '\n'),
      mail.replace(/^To: .*\r\n/m, ''),
      mail.replace(/"/g, ''),
    ]) {
      assert.equal((await ear.hear({ kind: 'receipts', headers: AUTHORIZED, body })).news.length, 2);
    }
  });
});

describe('A bounce that anybody could have written', () => {
  const plain = writeBounce({ sender: SENDER, recipient: JANE, status: '5.1.1' });
  /** [what is wrong, the mail] */
  const FORGED: readonly (readonly [string, string])[] = [
    ['of somebody else', writeBounce({ sender: SENDER, recipient: 'john@example.com', status: '5.1.1' })],
    ['of another recipient', plain.replaceAll('.12.', '.13.')],
    ['without proof', plain.replaceAll(SENDER, `bounce+${NOTIFICATION_ID}.12@example.com`)],
    ['with another proof', plain.replaceAll(SENDER, `bounce+${NOTIFICATION_ID}.12.0000000@example.com`)],
    [
      'with proof by another secret',
      plain.replaceAll(SENDER, `b+${signRef(recipient, JANE, `${SECRET}!`)}@example.com`),
    ],
    ['to nobody', plain.replaceAll(SENDER, 'bounce@example.com')],
    ['that is no report', plain.replace('multipart/report', 'multipart/mixed')],
    ['without a status', plain.replace('message/delivery-status', 'text/plain')],
    ['without a boundary', plain.replace(/;\r\n\tboundary=".*"/, '')],
    ['cut off', plain.slice(0, plain.indexOf('Final-Recipient'))],
    ['an absence note', 'To: x\r\nSubject: I am away\r\n\r\nUntil Monday.'],
    ['nothing', ''],
    ['a mebibyte of boundaries', plain.replace('--4B0A.1/mx.example', '\r\n--4B0A.1/mx.example'.repeat(50_000))],
    ['a mebibyte of fields', `a:\n ${'b:\n '.repeat(250_000)}`],
    ['a mebibyte of parameters', `Content-Type: multipart/report${'; boundary='.repeat(90_000)}\n\n`],
  ];
  for (const [name, body] of FORGED) {
    test(`${name} tells nothing, and does not come again`, async () => {
      const { reply, news, refused } = await ear.hear({ kind: 'receipts', headers: AUTHORIZED, body });
      assert.deepEqual([reply.status, news, refused], [200, [], 'It is no bounce of a mail of ours.']);
    });
  }

  test('proof fits one address and one recipient', () => {
    const ref = findRef(`<${SENDER}>`, SECRET);
    assert.deepEqual([ref?.notificationId, ref?.seq], [NOTIFICATION_ID, 12]);
    assert.deepEqual([ref?.isFor(JANE), ref?.isFor('john@example.com')], [true, false]);
    assert.equal(findRef(SENDER.replace('@', 'x@'), SECRET), null);
  });

  test('is not even read without the secret', async () => {
    for (const authorization of [undefined, '', 'Bearer', 'Bearer x', `Basic ${SECRET}`, `Bearer ${SECRET}x`, SECRET]) {
      const headers = authorization === undefined ? {} : { authorization };
      const { reply, news, refused = '' } = await ear.hear({ kind: 'receipts', headers, body: plain });
      assert.deepEqual([reply.status, news], [401, []]);
      assert.ok(!refused.includes(SECRET));
    }
    assert.equal((await ear.hear({ kind: 'receipts', headers: AUTHORIZED, method: 'GET' })).reply.status, 405);
    const { bounceSecret: _, ...bare } = SETTINGS;
    const deaf = await openTestEar({ channel: email, settings: bare });
    const { reply, refused } = await deaf.hear({ kind: 'receipts', headers: AUTHORIZED, body: plain });
    assert.equal(reply.status, 403);
    assert.match(refused ?? '', /^bounceSecret is not configured/);
  });
});
