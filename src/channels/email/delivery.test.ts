import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { checkOutcome, openSockets, secretsOf, turn } from '../exam.ts';
import { type Desk, openDesk, openTestDesk } from '../test-desk.ts';
import { email } from './email.ts';

const JANE = { channelId: 'jane@example.com', reference: null };
const TIMEOUT = new DOMException('', 'TimeoutError');
const ROUTES = ['connect', 'auth', 'mail', 'rcpt', 'data'];

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('An answer that is lost after the final dot is unknown', () => {
  for (const [kind, reason] of [
    ['reset', 'answer_lost'],
    ['cut', 'answer_lost'],
    ['garbage', 'answer_lost'],
    ['huge', 'answer_lost'],
  ] as const) {
    test(`by a ${kind}`, async () => {
      failAt('send', { kind, processed: true });
      const outcome = checkOutcome(await open().send());
      assert.equal(outcome.kind === 'unknown' && outcome.reason, reason);
      assert.equal(sandbox.ledger.total(), 1, 'nothing below the engine may try again');
    });
  }

  for (const fault of [{ kind: 'hang', processed: true } as const, { kind: 'trickle', everyMs: 50 } as const]) {
    test(`by a ${fault.kind} until the deadline`, async () => {
      failAt('send', fault);
      const deadline = new AbortController();
      const pending = open().send({ signal: deadline.signal });
      await sandbox.until(() => sandbox.ledger.total() === 1);
      deadline.abort(TIMEOUT);
      const outcome = checkOutcome(await pending);
      assert.equal(outcome.kind === 'unknown' && outcome.reason, 'provider_timeout');
    });
  }

  test('and another attempt is the same mail, which receivers may know by its Message-ID', async () => {
    sandbox.faults.set([{ provider: 'smtp', route: 'send', times: 1, fault: { kind: 'reset', processed: true } }]);
    const desk = open();
    assert.equal((await desk.send({ key: 'ms-1', createdAt: 0 })).kind, 'unknown');
    assert.equal((await desk.send({ key: 'ms-1', createdAt: 0 })).kind, 'accepted');
    const [first, second] = sandbox.ledger.entries();
    assert.equal(first?.key, '<ms-1@example.com>');
    assert.deepEqual([second?.key, second?.body, second?.replay], [first.key, first.body, false]);
    assert.equal(email.afterUnknown, 'retry');
  });
});

describe('Before the final dot nothing was sent', () => {
  for (const route of ROUTES) {
    for (const kind of ['reset', 'cut', 'garbage', 'hang'] as const) {
      test(`when a ${kind} comes at ${route}`, async () => {
        failAt(route, { kind, processed: false });
        const deadline = new AbortController();
        const pending = open().send({ signal: deadline.signal });
        if (kind === 'hang') {
          await sandbox.until(() => sandbox.stats().calls.smtp?.[route]?.calls === 1);
          deadline.abort(TIMEOUT);
        }
        const outcome = checkOutcome(await pending);
        assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
        assert.equal(sandbox.ledger.total(), 0);
      });
    }
  }

  test('not even when the deadline comes amid the mail', async () => {
    const relay = await serveHalf();
    const desk = open(relay.settings);
    const deadline = new AbortController();
    const text = 'x'.repeat(8 * 1024 * 1024);
    const pending = desk.send({ message: { type: 'text', text }, signal: deadline.signal });
    const goOn = await relay.reading;
    deadline.abort(TIMEOUT);
    const outcome = checkOutcome(await pending);
    assert.equal(outcome.kind === 'failed' && outcome.reason, 'provider_timeout');
    goOn();
    assert.doesNotMatch(await relay.received, /\r\n\.\r\n/, 'a final dot would have delivered half a mail');
    await relay.close();
  });

  test('when the attempt was over before it began', async () => {
    const outcome = checkOutcome(await open().send({ signal: AbortSignal.abort() }));
    assert.equal(outcome.kind, 'failed');
    assert.deepEqual(sandbox.stats().calls, {});
  });

  test('when nothing listens', async () => {
    const elsewhere = await startSandbox();
    await elsewhere.close();
    const desk = open({ ...elsewhere.urls.smtp });
    const outcome = checkOutcome(await desk.send());
    assert.equal(outcome.kind === 'failed' && outcome.reason, 'provider_unreachable');
    assert.equal((await desk.session.check(AbortSignal.timeout(2_000))).ok, false);
  });

  test('when the name does not exist', async () => {
    const outcome = checkOutcome(await open({ host: 'relay.invalid' }).send());
    assert.equal(outcome.kind === 'failed' && outcome.reason, 'provider_unreachable');
  });
});

describe('A private network is refused, for the whole connection', () => {
  for (const host of [
    '127.0.0.1',
    'localhost',
    '::1',
    '::ffff:127.0.0.1',
    '10.0.0.1',
    '127.1',
    '0x7f.1',
    '2130706433',
  ]) {
    test(host, async () => {
      const desk = open({ host }, false);
      const outcome = checkOutcome(await desk.send());
      assert.ok(outcome.kind === 'rejected', JSON.stringify(outcome));
      assert.deepEqual([outcome.scope, outcome.reason], ['connection', 'url_refused']);
      assert.match((await desk.session.check(AbortSignal.timeout(2_000))).detail, /allowPrivateNetwork/);
      assert.equal(sandbox.stats().connections, 0);
    });
  }

  test('and a metadata service even where private networks are allowed', async () => {
    const outcome = checkOutcome(await open({ host: '169.254.169.254' }).send());
    assert.equal(outcome.kind === 'rejected' && outcome.reason, 'url_refused');
  });
});

describe('Connections', () => {
  test('are kept, also after a refusal', async () => {
    const desk = open();
    for (const name of ['jane', '550-5.1.1', 'john', 'data-554-5.6.0', 'greylist', 'ann']) {
      await desk.send({ address: { channelId: `${name}@example.com`, reference: null } });
    }
    assert.equal(sandbox.ledger.total(), 3);
    // Whatever comes while the relay still forgets a refused mail takes another connection.
    assert.ok(sandbox.stats().connections <= 2, `${sandbox.stats().connections} connections`);
  });

  test('are at most five, or as many as the connection may have in flight', async () => {
    for (const concurrency of [null, 2]) {
      sandbox.reset();
      const desk = openTestDesk({ channel: email, settings: settingsOf({}), address: JANE, concurrency });
      await Promise.all(Array.from({ length: 40 }, () => desk.send()));
      assert.equal(sandbox.ledger.total(), 40);
      assert.equal(sandbox.stats().connections, concurrency ?? 5);
    }
  });

  test('that were dropped meanwhile cost nothing', async () => {
    const desk = open();
    await desk.send();
    // The relay hangs up when the next mail begins: the reply is lost, but not a byte of the mail was read.
    sandbox.faults.set([{ provider: 'smtp', route: 'mail', times: 1, fault: { kind: 'reset' } }]);
    assert.equal((await desk.send()).kind, 'accepted');
    assert.equal(sandbox.ledger.total(), 2);
  });

  test('are freed, whatever is under way', async () => {
    failAt('send', { kind: 'hang' });
    const desk = openDesk({ channel: email, settings: settingsOf({}), address: JANE });
    const pending = Array.from({ length: 8 }, () => desk.send());
    await sandbox.until(() => sandbox.stats().calls.smtp?.['send']?.calls === 5);
    await desk.close();
    const outcomes = (await Promise.all(pending)).map(({ kind }) => kind);
    assert.deepEqual(outcomes, ['unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'failed', 'failed', 'failed']);
    await idle();
  });

  test('of a send that ran out of time are freed at once', async () => {
    failAt('rcpt', { kind: 'hang' });
    const deadline = new AbortController();
    const pending = open().send({ signal: deadline.signal });
    await sandbox.until(() => sandbox.stats().calls.smtp?.['rcpt']?.calls === 1);
    deadline.abort(TIMEOUT);
    await pending;
    await idle();
  });

  test('that are idle are freed too', async () => {
    while (openSockets() > 0) await turn();
    const desk = openDesk({ channel: email, settings: settingsOf({}), address: JANE });
    await Promise.all(Array.from({ length: 20 }, () => desk.send()));
    assert.equal(openSockets(), 10, 'five connections, each with two ends');
    await desk.close();
    while (openSockets() > 0) await turn();
  });
});

describe('The check', () => {
  test('logs in and sends nothing', async () => {
    const result = await open().session.check(AbortSignal.timeout(2_000));
    assert.deepEqual(result, {
      ok: true,
      detail: `127.0.0.1:${sandbox.urls.smtp.port} took the connection and the log-in.`,
    });
    assert.deepEqual(Object.keys(sandbox.stats().calls.smtp ?? {}).sort(), ['auth', 'connect', 'other']);
  });

  test('tells a wrong password, and so does a send', async () => {
    const desk = open({ password: 'another password' });
    const result = await desk.session.check(AbortSignal.timeout(2_000));
    assert.match(result.detail, /answered 535 5\.7\.8/);
    assert.equal(result.ok, false);
    const outcome = await desk.send();
    assert.equal(outcome.kind === 'rejected' && outcome.scope, 'connection');
  });

  test('ends with its signal, and leaves nothing behind', async () => {
    failAt('auth', { kind: 'hang' });
    const deadline = new AbortController();
    const pending = open().session.check(deadline.signal);
    await sandbox.until(() => sandbox.stats().calls.smtp?.['auth']?.calls === 1);
    deadline.abort(TIMEOUT);
    const result = await pending;
    assert.equal(result.ok, false);
    assert.match(result.detail, /ran out/);
    await idle();
  });
});

test('secrets are never shown, not even when the relay repeats them', async () => {
  const settings = settingsOf({});
  const [secret = '', ...others] = secretsOf(email.settings, settings);
  assert.deepEqual(others, []);
  const spellings = [secret, btoa(secret), btoa(`\0sandbox\0${secret}`), encodeURIComponent(secret)];
  for (const route of [...ROUTES, 'send']) {
    for (const status of [421, 451, 535, 550, 554]) {
      failAt(route, { kind: 'status', status, body: `you said ${spellings.join(' ')}` });
      const said = JSON.stringify(checkOutcome(await open().send()));
      for (const spelling of spellings) assert.ok(!said.includes(spelling), said);
    }
  }
});

test('any text goes to any identity', async () => {
  const desk = open();
  for (const text of ['\ud800', '\u0000', '\r\n.\r\nMAIL FROM:<a@b>', '{"a":1}', '&<>"\'', '🧨'.repeat(500), '\r.\r']) {
    const outcome = checkOutcome(await desk.send({ message: { type: 'text', text }, identity: text }));
    assert.equal(outcome.kind, 'accepted');
  }
  assert.equal(sandbox.ledger.total(), 7);
});

function failAt(route: string, fault: Parameters<Sandbox['faults']['add']>[0]['fault']): void {
  sandbox.faults.set([{ provider: 'smtp', route, fault }]);
}

/** Nobody waits for the relay any more: those it keeps waiting have hung up. */
const idle = (): Promise<void> => sandbox.until(() => sandbox.stats().inFlight === 0);

function settingsOf(settings: JsonObject): JsonObject {
  const { urls, credentials } = sandbox;
  return { ...urls.smtp, ...credentials.smtp, security: 'none', from: 'jobs@example.com', ...settings };
}

function open(settings: JsonObject = {}, allowPrivateNetwork = true): Desk {
  return openTestDesk({ channel: email, settings: settingsOf(settings), address: JANE, allowPrivateNetwork });
}

/** A relay that asks for a mail and reads only its beginning; the rest when it is let go on. */
async function serveHalf() {
  const reading = Promise.withResolvers<() => void>();
  const received = Promise.withResolvers<string>();
  const server: Server = createServer((socket) => {
    let text = '';
    let isMail = false;
    let isHeld = false;
    socket.on('error', () => {});
    socket.once('close', () => received.resolve(text));
    socket.write('220 half\r\n');
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isHeld) return;
      if (isMail) {
        isHeld = true;
        socket.pause();
        return reading.resolve(() => socket.resume());
      }
      isMail = text.endsWith('\r\nDATA\r\n');
      socket.write(isMail ? '354 go on\r\n' : /AUTH PLAIN .*\r\n$/.test(text) ? '235 ok\r\n' : '250 AUTH PLAIN\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    settings: { port },
    reading: reading.promise,
    received: received.promise,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
