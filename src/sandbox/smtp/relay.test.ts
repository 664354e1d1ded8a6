import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, beforeEach, describe, test } from 'node:test';
import { startSandbox } from '../sandbox.ts';
import { call, openRig } from '../test-rig.ts';
import { readMail } from './read-mail.ts';

const sandbox = await openRig();
const { ledger, urls, credentials } = sandbox;
beforeEach(() => sandbox.reset());

const { user, password } = credentials.smtp;
const PLAIN = `AUTH PLAIN ${btoa(`\0${user}\0${password}`)}`;
const MAIL = ['MAIL FROM:<a@example.com> SIZE=100', 'RCPT TO:<jane@example.com>', 'DATA'];
const TEXT = ['Message-ID: <1@example.com>', 'Subject: News', '', 'Hello', '..', '.'];

/** [what is said, what is answered to the last of it] */
const CONVERSATIONS: readonly (readonly [readonly string[], RegExp])[] = [
  [['EHLO me'], /^250 AUTH PLAIN LOGIN$/],
  [['HELO me'], /^250 /],
  [['NOOP'], /^250 /],
  [['VRFY jane'], /^502 5\.5\.2/],
  [['QUIT'], /^221 /],
  [[PLAIN], /^235 2\.7\.0/],
  [['AUTH PLAIN', btoa(`\0${user}\0${password}`)], /^235 /],
  [['AUTH LOGIN', btoa(user), btoa(password)], /^235 /],
  [['AUTH LOGIN', btoa(user), btoa('wrong')], /^535 5\.7\.8/],
  [['AUTH PLAIN AAAA'], /^535 /],
  [['MAIL FROM:<a@example.com>'], /^530 5\.7\.0/],
  [[PLAIN, 'RCPT TO:<jane@example.com>'], /^503 5\.5\.1/],
  [[PLAIN, 'DATA'], /^554 5\.5\.1/],
  [[PLAIN, 'MAIL FROM:a@example.com'], /^501 5\.5\.4/],
  [[PLAIN, 'MAIL FROM:<>'], /^250 2\.1\.0/],
  [[PLAIN, 'MAIL FROM:<a@example.com>', 'MAIL FROM:<a@example.com>'], /^503 /],
  [[PLAIN, 'MAIL FROM:<a@example.com>', 'RCPT TO:<nobody>'], /^501 5\.1\.3/],
  [[PLAIN, 'MAIL FROM:<a@example.com>', 'RSET', 'MAIL FROM:<a@example.com>'], /^250 /],
  [[PLAIN, 'MAIL FROM:<a@example.com>', 'RCPT TO:<550-5.1.1@example.com>'], /^550 5\.1\.1 /],
  [[PLAIN, 'MAIL FROM:<a@example.com>', 'RCPT TO:<450+jane@example.com>'], /^450 as/],
  [[PLAIN, 'MAIL FROM:<a@example.com>', 'RCPT TO:<greylisted@example.com>'], /^450 4\.2\.0/],
  [[PLAIN, ...MAIL], /^354 /],
  [[PLAIN, ...MAIL, ...TEXT], /^250 2\.0\.0 Ok: queued as SB\d+$/],
  [[PLAIN, 'MAIL FROM:<a@b.c>', 'RCPT TO:<data-552-5.3.4@b.c>', 'DATA', ...TEXT], /^552 5\.3\.4 /],
  [[PLAIN, ...MAIL, 'x'.repeat(10 * 1024 * 1024), '.'], /^552 5\.3\.4/],
];

describe('A conversation', () => {
  for (const [lines, answer] of CONVERSATIONS) {
    test(`${lines
      .map((line) => line.slice(0, 30))
      .join(' | ')
      .slice(0, 100)}: ${answer.source}`, async () => {
      const replies = await converse([...lines, ...(lines.at(-1) === 'QUIT' ? [] : ['QUIT'])], lines.includes('DATA'));
      assert.match(replies.at(lines.at(-1) === 'QUIT' ? -1 : -2) ?? '', answer);
    });
  }
});

test('a mail is recorded for each of its recipients as it was meant', async () => {
  await converse([PLAIN, 'MAIL FROM:<a@b.c>', 'RCPT TO:<x@b.c>', 'RCPT TO:<y@b.c>', 'DATA', ...TEXT, 'QUIT']);
  const [first, second] = ledger.entries({ provider: 'smtp' });
  assert.deepEqual([first?.recipient, second?.recipient, second?.replay], ['x@b.c', 'y@b.c', false]);
  assert.equal(first?.conversation, 'a@b.c');
  assert.equal(first.key, '<1@example.com>');
  assert.equal(first.text, 'News\n\nHello\n.');
  assert.equal(first.body, 'Message-ID: <1@example.com>\r\nSubject: News\r\n\r\nHello\r\n.\r\n');
  assert.match(first.messageId ?? '', /^SB\d+$/);
});

test('greylisting passes the second time, and comes back with a reset', async () => {
  const lines = [PLAIN, 'MAIL FROM:<a@b.c>', 'RCPT TO:<greylist@b.c>', 'QUIT'];
  const replyTo = async () => (await converse(lines)).at(-2)?.slice(0, 3);
  assert.equal(await replyTo(), '450');
  assert.equal(await replyTo(), '250');
  sandbox.reset();
  assert.equal(await replyTo(), '450');
});

test('421 ends the conversation', async () => {
  const replies = await converse([PLAIN, 'MAIL FROM:<a@b.c>', 'RCPT TO:<421@b.c>', 'NOOP', 'NOOP', 'QUIT']);
  assert.equal(replies.at(-1), '421 as its name says');
});

test('faults are set, and calls counted, as for any other provider', async () => {
  const faults = [
    { provider: 'smtp', route: 'mail', times: 1, fault: { kind: 'status', status: 451, body: '4.3.0 Later' } },
  ];
  assert.equal((await call(`${urls.base}/control/faults`, { method: 'PUT', body: faults })).status, 200);
  assert.equal((await converse([PLAIN, 'MAIL FROM:<a@b.c>', 'QUIT'])).at(-2), '451 4.3.0 Later');
  assert.deepEqual(sandbox.stats().calls.smtp?.['mail'], { calls: 1, statuses: { 451: 1 }, unanswered: 0 });
});

test('a client that leaves amid a mail has sent nothing', async () => {
  const socket = await dial();
  socket.write(`${[PLAIN, ...MAIL, 'Subject: half'].join('\r\n')}\r\n`);
  await sandbox.until(() => sandbox.stats().calls.smtp?.['data']?.calls === 1);
  socket.destroy();
  await once(socket, 'close');
  assert.equal((await converse(['QUIT'])).length, 2);
  assert.equal(ledger.total(), 0);
});

test('a port that is taken is named in one sentence, and nothing is left open', async () => {
  const port = urls.smtp.port;
  await assert.rejects(startSandbox({ smtpPort: port }), {
    message: `The sandbox cannot listen on 127.0.0.1:${port}: the port is taken; choose another.`,
  });
});

/** [raw mail, subject, text] */
const MAILS: readonly (readonly [readonly string[], string, string | null])[] = [
  [['Subject: =?UTF-8?Q?Gr=C3=BC?=', ' =?utf-8?b?w58=?= and', ' more', '', 'x'], 'Grüß and more', 'x'],
  [['Content-Transfer-Encoding: base64', '', 'R3LDvMOf', 'ZQ=='], '', 'Grüße'],
  [['Content-Transfer-Encoding: Quoted-Printable', '', 'Gr=C3=BC=', '=C3=9Fe'], '', 'Grüße'],
  [['Content-Type: text/html', '', '<b>x</b>'], '', '<b>x</b>'],
  [['Content-Type: image/png', '', 'x'], '', null],
  [
    [
      'Content-Type: multipart/mixed; boundary="a"',
      '',
      '--a',
      'Content-Type: multipart/alternative; boundary=b',
      '',
      '--b',
      'Content-Type: text/html',
      '',
      '<p>html</p>',
      '--b',
      '',
      'plain',
      '--b--',
      '--a--',
    ],
    '',
    'plain',
  ],
];

for (const [lines, subject, text] of MAILS) {
  test(`a mail is read: ${lines.join('|').slice(0, 60)}`, () => {
    const read = readMail(lines.join('\r\n'));
    assert.deepEqual([read.subject, read.text], [subject, text]);
  });
}

async function dial() {
  const socket = connect(urls.smtp.port, urls.smtp.host);
  after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Says all lines at once and answers the replies, the last line of each, when the relay hangs up. */
async function converse(lines: readonly string[], hasMail = false): Promise<string[]> {
  const socket = await dial();
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  const ending = hasMail && lines.at(-2) === 'DATA' ? [...lines.slice(0, -1), '.', 'QUIT'] : lines;
  socket.write(`${ending.join('\r\n')}\r\n`);
  await once(socket, 'close');
  const replies = received.split('\r\n').filter((line) => /^\d{3}(?: |$)/.test(line));
  return ending === lines ? replies : replies.toSpliced(-2, 1);
}
