import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Outcome } from '../../model/outcome.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestDesk } from '../test-desk.ts';
import { email } from './email.ts';

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

/**
 * A recipient (A- and its address is dropped, A! and it is not written to again), B connection, M message, C again in a minute or more, D busy: the
 * recipient alone (D) or the whole relay (D!).
 */
type Class = 'A' | 'A-' | 'A!' | 'B' | 'M' | 'C' | 'D' | 'D!' | 'U';

/** What is answered, where in the conversation, and its class; in the order of `channels` on SMTP. */
const REPLIES: readonly (readonly [reply: string, route: string, expected: Class])[] = [
  ['550 No such user', 'rcpt', 'A!'],
  ['551 User not local', 'rcpt', 'A!'],
  ['553 Mailbox name not allowed', 'rcpt', 'A!'],
  ['556 Domain does not accept mail', 'rcpt', 'A!'],
  ['550 relay not permitted', 'rcpt', 'A'],
  ['550 Relaying denied', 'rcpt', 'A'],
  ['553 Blocked, see https://rbl.example', 'rcpt', 'A'],
  ['550 Your address is blacklisted', 'rcpt', 'A'],
  ['550 5.1.1 No such user', 'rcpt', 'A!'],
  ['550 5.1.1 No such user', 'send', 'A!'],
  ['550 5.1.10 Null MX', 'rcpt', 'A!'],
  ['501 5.1.3 Bad destination syntax', 'rcpt', 'A!'],
  ['550 5.2.1 Mailbox disabled', 'rcpt', 'A!'],
  ['550 5.4.1 Access denied', 'rcpt', 'A-'],
  ['501 Syntax error in address', 'rcpt', 'A'],

  ['552 Mailbox full', 'rcpt', 'A'],
  ['552 Mailbox full', 'send', 'A'],
  ['552 5.2.2 Mailbox full', 'rcpt', 'A'],
  ['550 5.2.3 Too long for this mailbox', 'send', 'A'],

  ['452 Too many recipients', 'rcpt', 'C'],
  ['452 4.2.2 Mailbox full', 'rcpt', 'C'],
  ['450 Mailbox busy', 'rcpt', 'C'],
  ['451 Local error', 'send', 'C'],
  ['450 4.2.0 Greylisted', 'rcpt', 'C'],
  ['451 4.7.1 Greylisted', 'rcpt', 'C'],
  ['451 4.3.0 Try again', 'send', 'C'],
  ['454 4.7.0 Temporary authentication failure', 'auth', 'C'],

  ['421 Too busy', 'connect', 'D!'],
  ['421 4.7.0 Too many connections', 'mail', 'D!'],
  ['421 4.3.0 Shutting down', 'rcpt', 'D!'],
  ['421 Out of time', 'send', 'D!'],
  ['450 4.3.2 Not accepting mail', 'rcpt', 'D!'],
  ['451 4.4.1 No answer from host', 'send', 'D!'],

  ['450 4.7.0 Slow down', 'rcpt', 'D'],
  ['450 4.7.28 Unusual rate', 'send', 'D'],
  ['450 4.2.1 The user gets mail at a rate…', 'rcpt', 'D'],

  ['530 5.7.0 Authentication required', 'mail', 'B'],
  ['530 Authentication required', 'rcpt', 'B'],
  ['534 5.7.9 Mechanism too weak', 'auth', 'B'],
  ['535 5.7.8 Bad credentials', 'auth', 'B'],
  ['535 Bad credentials', 'auth', 'B'],
  ['538 Encryption required', 'auth', 'B'],
  ['554 5.7.8 Bad credentials', 'send', 'B'],
  ['504 5.7.4 Unrecognized authentication type', 'auth', 'B'],

  ['550 5.7.1 Not permitted', 'rcpt', 'A'],
  ['554 5.7.1 Blocked', 'send', 'A'],
  ['550 5.7.26 Unauthenticated mail', 'send', 'A'],
  ['554 5.7.1 Your address is listed', 'connect', 'B'],
  ['550 5.7.1 Sender rejected', 'mail', 'B'],
  ['553 5.1.8 Sender domain does not exist', 'rcpt', 'B'],
  ['550 5.1.7 Bad sender', 'mail', 'B'],

  ['552 5.3.4 Too big', 'send', 'M'],
  ['552 Too big', 'mail', 'M'],
  ['554 5.6.0 Bad content', 'send', 'M'],
  ['555 Parameters not recognized', 'rcpt', 'M'],

  ['503 5.5.1 Bad sequence', 'rcpt', 'B'],
  ['500 5.5.2 Syntax error', 'mail', 'B'],
  ['502 5.5.1 Not implemented', 'data', 'B'],
  ['554 No SMTP here', 'connect', 'B'],

  ['554 Transaction failed', 'send', 'A'],
  ['550 Looks like spam', 'send', 'A'],
];

describe('The relay answers', () => {
  for (const [reply, route, expected] of REPLIES) {
    test(`${reply} to ${route}: ${expected}`, async () => {
      answerWith(reply, route);
      const outcome = await open().send();
      assert.equal(classOf(outcome), expected, JSON.stringify(outcome));
      assert.ok(outcome.kind !== 'accepted' && outcome.detail.endsWith(`answered ${reply}`), JSON.stringify(outcome));
      assert.equal(sandbox.ledger.total(), 0);
    });
  }

  test('250 in other words: accepted', async () => {
    answerWith('299 Whatever', 'send');
    assert.equal((await open().send()).kind, 'accepted');
  });

  test('over several lines', async () => {
    sandbox.faults.set([
      {
        provider: 'smtp',
        route: 'rcpt',
        fault: { kind: 'status', status: 450, body: '4.7.28 Slow\r\n450 4.7.28 down' },
      },
    ]);
    assert.equal(classOf(await open().send()), 'D');
  });

  test('with waits that keep greylisting and rates', async () => {
    const desk = open();
    const floorOf = async (recipient: string) => {
      const outcome = await desk.send({ address: { channelId: `${recipient}@example.com`, reference: null } });
      return 'retryAfterMs' in outcome ? outcome.retryAfterMs : null;
    };
    assert.equal(await floorOf('greylist'), 60_000);
    assert.equal(await floorOf('450-4.7.28'), 60_000);
    assert.equal(await floorOf('421'), 30_000);
  });

  test('in words of policy, without a status, to five in a row: nobody is silenced, and the connection is at fault', async () => {
    answerWith('550 relay not permitted', 'rcpt');
    const desk = open();
    const classes: string[] = [];
    for (const nth of [1, 2, 3, 4, 5]) {
      classes.push(classOf(await desk.send({ address: { channelId: `jane${nth}@example.com`, reference: null } })));
    }
    assert.deepEqual(classes, ['A', 'A', 'A', 'A', 'B']);
  });

  test('by policy to five in a row: then it is about the connection, until one gets through', async () => {
    const desk = open();
    const sendTo = async (name: string) =>
      classOf(await desk.send({ address: { channelId: `${name}@example.com`, reference: null } }));
    for (const nth of [1, 2, 3, 4]) assert.equal(await sendTo(`550-5.7.1+${nth}`), 'A');
    assert.equal(await sendTo('550-5.7.1+4'), 'A', 'the same one again says nothing new');
    assert.equal(await sendTo('550-5.7.1+5'), 'B');
    assert.equal(await sendTo('550-5.7.1+1'), 'B');
    assert.equal(await sendTo('jane'), 'OK');
    assert.equal(await sendTo('550-5.7.1+1'), 'A');
  });
});

function answerWith(reply: string, route: string): void {
  const [status = '', ...body] = reply.split(' ');
  sandbox.faults.set([
    { provider: 'smtp', route, fault: { kind: 'status', status: Number(status), body: body.join(' ') } },
  ]);
}

function open(): Desk {
  const { urls, credentials } = sandbox;
  return openTestDesk({
    channel: email,
    settings: { ...urls.smtp, ...credentials.smtp, security: 'none', from: 'jobs@example.com' },
    address: { channelId: 'jane@example.com', reference: null },
  });
}

function classOf(outcome: Outcome): Class | 'OK' {
  switch (outcome.kind) {
    case 'accepted':
      return 'OK';
    case 'busy':
      return outcome.scope === 'connection' ? 'D!' : 'D';
    case 'failed':
      return 'C';
    case 'unknown':
      return 'U';
    case 'rejected':
      if (outcome.silence === 'address_dead') return 'A!';
      if (outcome.scope === 'recipient') return outcome.forgetAddress === true ? 'A-' : 'A';
      return outcome.scope === 'message' ? 'M' : 'B';
  }
}
