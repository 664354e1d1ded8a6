import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Type } from 'typebox';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { Channel, ChannelSession, SendRequest } from '../channels/contract.ts';
import { connectionId, derivedId } from '../model/ids.ts';
import type { Logger } from '../model/logger.ts';
import { BATCH_SIZE, type Log, type Notification } from '../model/notification.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Connection, Tenancy } from '../model/tenancy.ts';
import { openStore } from '../store/open.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { Store } from '../store/port.ts';
import { Engine } from './engine.ts';

const botId = derivedId('st', 'engine');
const connection: Connection = {
  id: connectionId(botId, 'toy', null),
  botId,
  channel: 'toy',
  name: null,
  settings: {},
  limits: { perSecond: 0, concurrency: 10 },
  allowPrivateNetwork: false,
};
const accepted: Outcome = { kind: 'accepted', providerMessageId: 'm-1' };
const failed: Outcome = { kind: 'failed', reason: 'provider_error', detail: 'HTTP 503' };
const lost: Outcome = { kind: 'unknown', reason: 'answer_lost', detail: 'reset' };
const broken: Outcome = { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail: 'bad secret' };

describe('engine', () => {
  let clock: VirtualClock;
  let store: Store;
  let engine: Engine;
  let sends: SendRequest[];
  let lines: string[];
  /** What the far side does with each send; a test sets it. */
  let provider: (request: SendRequest, attempt: number) => Outcome | Promise<Outcome>;
  let session: ChannelSession;
  let afterUnknown: Channel['afterUnknown'];
  let known: readonly Connection[];

  beforeEach(async () => {
    clock = new VirtualClock();
    store = await openStore('sqlite::memory:', { clock });
    sends = [];
    lines = [];
    provider = () => accepted;
    afterUnknown = 'retry';
    known = [connection];
    session = {
      async send(request) {
        sends.push(request);
        return provider(request, sends.filter((earlier) => earlier.key === request.key).length);
      },
      check: async () => ({ ok: true, detail: '' }),
      close: async () => {},
    };
    engine = newEngine();
  });
  afterEach(async () => {
    // Time has to move for what a drain waits for.
    await Promise.all([engine.drain(0), clock.advance(1_000)]);
    await store.close();
  });

  const newEngine = (leaseMs = 30_000) =>
    new Engine({
      store,
      tenancy: tenancyOf(known),
      findChannel: () => toyChannel(session, afterUnknown),
      tools: {
        outbound: { request: () => assert.fail(), close: async () => {} },
        clock,
        random: () => 0.5,
        publicUrl: null,
      },
      renderer: { render: () => assert.fail('no script was expected'), close: async () => {} },
      clock,
      random: () => 0.5,
      logger: loggerInto(lines),
      leaseMs,
    });

  it('delivers everybody once and says so', async () => {
    await accept(250);
    await engine.start();
    await clock.advance(1_000);
    assert.equal(sends.length, 250);
    assert.equal(new Set(sends.map((send) => send.key)).size, 250);
    const { counts, finishedAt } = await status();
    assert.deepEqual([counts.pending, counts.delivered], [0, 250]);
    assert.notEqual(finishedAt, null);
    const [first] = await logs();
    assert.deepEqual(
      [first?.state, first?.channelId, first?.providerMessageId, first?.attempts],
      ['delivered', 'p0@x.org', 'm-1', 1],
    );
    assert.ok(lines.includes('info batch attempted'));
  });

  it('begins nothing when it was stopped while it started', async () => {
    let asked = 0;
    store.prune = async () => {
      asked += 1;
      return 0;
    };
    await accept(1);
    const starting = engine.start();
    await Promise.all([engine.drain(0), starting]);
    await clock.advance(120_000);
    assert.deepEqual([sends.length, asked], [0, 0]);
  });

  it('wakes at once for what was just accepted', async () => {
    await engine.start();
    await clock.advance(10);
    await accept(1);
    engine.wake();
    await clock.advance(0);
    assert.equal(sends.length, 1);
  });

  it('finds work nobody told it of, by polling', async () => {
    await engine.start();
    await clock.advance(10);
    await accept(1);
    await clock.advance(1_000);
    assert.equal(sends.length, 1);
  });

  it('retries what failed later, alone, and keeps count', async () => {
    provider = (request, attempt) => (request.identity === 'p1@x.org' && attempt < 3 ? failed : accepted);
    await accept(3);
    await engine.start();
    await clock.advance(900);
    assert.equal(sends.length, 3);
    assert.equal((await status()).counts.delivered, 2);
    await clock.advance(10_000);
    assert.equal(sends.length, 5);
    assert.deepEqual(
      (await logs()).map((log) => log.attempts),
      [1, 3, 1],
    );
  });

  it('gives up after twelve attempts, with the last answer as reason', async () => {
    provider = () => failed;
    await accept(1);
    await engine.start();
    await clock.advance(25 * 60_000);
    assert.equal(sends.length, 12);
    const [log] = await logs();
    assert.deepEqual(
      [log?.state, log?.reason, log?.detail, log?.attempts],
      ['failed', 'provider_error', 'HTTP 503', 12],
    );
  });

  it('stops nobody else when one recipient is told to wait', async () => {
    provider = (request, attempt) =>
      request.identity === 'p0@x.org' && attempt === 1
        ? { kind: 'busy', scope: 'recipient', retryAfterMs: 20_000, detail: '429' }
        : accepted;
    await accept(50);
    await engine.start();
    await clock.advance(1_000);
    assert.equal((await status()).counts.delivered, 49);
    await clock.advance(19_000);
    assert.equal((await status()).counts.delivered, 49);
    await clock.advance(3_000);
    const [log] = await logs();
    assert.deepEqual([log?.state, log?.attempts], ['delivered', 1]);
  });

  it('pauses the whole connection when the provider says so', async () => {
    let asked = 0;
    provider = () => {
      asked += 1;
      return asked <= 9 ? { kind: 'busy', scope: 'connection', retryAfterMs: 5_000, detail: '429' } : accepted;
    };
    await accept(100);
    await engine.start();
    await clock.advance(4_900);
    assert.equal(sends.length, 9, 'one of ten slots is kept for what is urgent');
    await clock.advance(6_000);
    assert.equal((await status()).counts.delivered, 100);
    assert.equal(sends.length, 109);
  });

  it('sends nothing to those whose time runs out while they wait for the end of a pause', async () => {
    provider = () => ({ kind: 'busy', scope: 'connection', retryAfterMs: 5_000, detail: '429' });
    await accept(100, { expiresAt: clock.now() + 4_000 });
    await engine.start();
    await clock.advance(1_000);
    provider = () => accepted;
    await clock.advance(9_000);
    assert.equal(sends.length, 9);
    assert.equal((await status()).counts.expired, 100);
    assert.ok((await logs()).every((log) => log.attempts === 0 && log.reason === 'expired'));
  });

  it('holds a connection nobody can use, tells why, probes it, and goes on by itself', async () => {
    let mended = false;
    provider = () => (mended ? accepted : broken);
    await accept(200);
    await engine.start();
    await clock.advance(60_000);
    assert.ok(sends.length <= 10 + 5, `${sends.length} calls burnt`);
    assert.ok(lines.some((line) => line.startsWith('error connection held') && line.includes('bad secret')));
    assert.equal((await status()).counts.pending, 200);
    mended = true;
    await clock.advance(130_000);
    assert.equal((await status()).counts.delivered, 200);
    assert.ok((await logs()).every((log) => log.attempts === 1));
    assert.ok(lines.some((line) => line.startsWith('info connection mended')));
  });

  it('fails everybody at once when the message itself is refused, but not those with one of their own', async () => {
    const refused: Outcome = { kind: 'rejected', scope: 'message', reason: 'message_too_large', detail: 'HTTP 413' };
    provider = (request) => (request.message.type === 'text' && request.message.text === 'Hello' ? refused : accepted);
    await accept(500, {}, (seq) => (seq === 499 ? 'Just you' : null));
    await engine.start();
    await clock.advance(1_000);
    assert.ok(sends.length <= 10 + 1, `${sends.length} calls burnt`);
    const { counts } = await status();
    assert.deepEqual([counts.delivered, counts.failed], [1, 499]);
    const log = (await logs()).at(250);
    assert.deepEqual([log?.reason, log?.detail, log?.attempts], ['message_too_large', 'HTTP 413', 0]);
  });

  it('marks a lost answer and what came after it', async () => {
    provider = (_request, attempt) => (attempt === 1 ? lost : accepted);
    await accept(1);
    await engine.start();
    await clock.advance(5_000);
    const [log] = await logs();
    assert.deepEqual([log?.state, log?.attempts, log?.maybeDoubled], ['delivered', 2, true]);
  });

  it('sends with one key over all attempts', async () => {
    provider = (_request, attempt) => (attempt < 3 ? failed : accepted);
    await accept(1);
    await engine.start();
    await clock.advance(20_000);
    assert.equal(sends.length, 3);
    assert.equal(new Set(sends.map((send) => send.key)).size, 1);
  });

  it('says unknown where the channel must not repeat', async () => {
    afterUnknown = 'hold';
    provider = () => lost;
    await accept(1);
    await engine.start();
    await clock.advance(5_000);
    assert.equal(sends.length, 1);
    assert.deepEqual(
      (await logs()).map((log) => log.state),
      ['unknown'],
    );
  });

  it('asks the connection first what follows a lost answer', async () => {
    known = [{ ...connection, afterUnknown: 'hold' }];
    engine = newEngine();
    provider = () => lost;
    await accept(1);
    await engine.start();
    await clock.advance(5_000);
    assert.equal(sends.length, 1);
    assert.deepEqual(
      (await logs()).map((log) => log.state),
      ['unknown'],
    );
  });

  it('takes over what a dead owner held, skips what it logged and marks the rest', async () => {
    await accept(2);
    const batch = await claimAsAnother(-1);
    await store.checkpoint({ again: false, batches: [{ batch, logs: [logFor(0)], remainder: null }] });
    await engine.start();
    await clock.advance(1_000);
    assert.deepEqual(
      sends.map((send) => send.identity),
      ['p1@x.org'],
    );
    assert.deepEqual(
      (await logs()).map((log) => log.maybeDoubled),
      [false, true],
    );
  });

  it('does not repeat a dead owner on a channel that holds', async () => {
    afterUnknown = 'hold';
    await accept(1);
    await claimAsAnother(-1);
    await engine.start();
    await clock.advance(1_000);
    assert.equal(sends.length, 0);
    assert.deepEqual(
      (await logs()).map((log) => [log.state, log.reason]),
      [['unknown', 'answer_lost']],
    );
  });

  it('gives up a batch whose owners keep dying', async () => {
    await accept(1);
    for (let death = 0; death < 5; death += 1) await claimAsAnother(-1);
    await engine.start();
    await clock.advance(3_000);
    assert.equal(sends.length, 0);
    assert.deepEqual(
      (await logs()).map((log) => [log.state, log.reason]),
      [['failed', 'poison']],
    );
  });

  it('tries again who was alone at a death only once it has lived for a while itself', async () => {
    await accept(1);
    for (let death = 0; death < 4; death += 1) await claimAsAnother(-1);
    await engine.start();
    await clock.advance(1_900);
    assert.equal(sends.length, 0);
    await clock.advance(1_200);
    assert.equal(sends.length, 1);
  });

  it('leaves a batch alone while another owner holds it', async () => {
    await engine.start();
    await accept(1);
    await claimAsAnother(60_000);
    await clock.advance(50_000);
    assert.equal(sends.length, 0);
    await clock.advance(20_000);
    assert.equal(sends.length, 1);
  });

  it('changes nothing once the lease was lost', async () => {
    const gate = Promise.withResolvers<Outcome>();
    provider = () => gate.promise;
    await accept(1);
    await engine.start();
    await clock.advance(10);
    assert.equal(sends.length, 1);
    await store.voidLeases();
    const thief = await claimAsAnother(60_000);
    gate.resolve(accepted);
    await clock.advance(1_000);
    assert.equal((await status()).counts.pending, 1);
    assert.ok(lines.includes('warn lease lost'));
    assert.equal((await store.extendLeases({ held: [thief], leaseMs: 1 })).length, 1);
  });

  it('keeps a lease as long as it works', async () => {
    const gate = Promise.withResolvers<Outcome>();
    provider = () => gate.promise;
    await accept(1);
    await engine.start();
    await clock.advance(14_000);
    assert.deepEqual(await claim(60_000), []);
    await clock.advance(45_000);
    assert.deepEqual(await claim(60_000), []);
    gate.resolve(accepted);
    await clock.advance(100);
    assert.equal((await status()).counts.delivered, 1);
  });

  it('ends each attempt at its deadline, whatever the channel does', async () => {
    provider = (request) => new Promise((resolve) => request.signal.addEventListener('abort', () => resolve(lost)));
    await accept(1);
    await engine.start();
    await clock.advance(14_999);
    assert.equal(sends[0]?.signal.aborted, false);
    await clock.advance(2);
    assert.equal(sends[0]?.signal.aborted, true);
  });

  it('expires what is too old, without an attempt', async () => {
    await accept(1, { expiresAt: clock.now() + 10 });
    await clock.advance(20);
    await engine.start();
    await clock.advance(1_000);
    assert.equal(sends.length, 0);
    assert.deepEqual(
      (await logs()).map((log) => [log.state, log.reason, log.attempts]),
      [['expired', 'expired', 0]],
    );
  });

  it('fails recipients whose connection is gone from the configuration', async () => {
    known = [];
    engine = newEngine();
    await accept(1);
    await engine.start();
    await clock.advance(1_000);
    assert.deepEqual(
      (await logs()).map((log) => [log.state, log.reason]),
      [['failed', 'connection_missing']],
    );
  });

  it('asks the provider for addresses it lacks, and remembers the answer', async () => {
    let asked = 0;
    session.lookUp = async (identities) => {
      asked += identities.length;
      return identities.map((identity) =>
        identity.startsWith('p0')
          ? { kind: 'found', address: { channelId: 'found', reference: null } }
          : { kind: 'absent' },
      );
    };
    await accept(2, { resolve: true });
    await engine.start();
    await clock.advance(1_000);
    assert.deepEqual(
      (await logs()).map((log) => [log.state, log.reason, log.channelId]),
      [
        ['delivered', null, 'found'],
        ['failed', 'not_associated', null],
      ],
    );
    const resolved = await store.resolve({ botId, connectionId: connection.id, identities: ['p0@x.org'] });
    assert.equal(resolved.get('p0@x.org')?.address?.channelId, 'found');
    assert.equal(asked, 2);
  });

  it('retries, not fails, when a look-up could not be made', async () => {
    let asked = 0;
    session.lookUp = async () => {
      asked += 1;
      return [
        asked === 1
          ? { kind: 'unavailable', outcome: failed }
          : { kind: 'found', address: { channelId: 'found', reference: null } },
      ];
    };
    await accept(1, { resolve: true });
    await engine.start();
    await clock.advance(10_000);
    assert.deepEqual(
      (await logs()).map((log) => [log.state, log.attempts]),
      [['delivered', 2]],
    );
  });

  it('drops an address the provider no longer knows', async () => {
    const address = { channelId: 'old', reference: null };
    await store.saveAddresses({
      addresses: [
        {
          botId,
          connectionId: connection.id,
          channel: 'toy',
          connectionName: null,
          identity: 'p0@x.org',
          address,
          source: 'import',
          at: 1,
        },
      ],
    });
    provider = () => ({
      kind: 'rejected',
      scope: 'recipient',
      reason: 'address_gone',
      detail: '404',
      forgetAddress: true,
    });
    await accept(1, { resolve: true });
    await engine.start();
    await clock.advance(1_000);
    const resolved = await store.resolve({ botId, connectionId: connection.id, identities: ['p0@x.org'] });
    assert.equal(resolved.get('p0@x.org')?.address, null);
  });

  it('waits for a database that is away, and counts nothing of it against the recipient', async () => {
    breakResolve(3, new StoreUnavailable('away'));
    await accept(2, { resolve: true });
    session.lookUp = async (identities) =>
      identities.map(() => ({ kind: 'found', address: { channelId: 'x', reference: null } }));
    await engine.start();
    await clock.advance(2_000);
    assert.deepEqual(
      (await logs()).map((log) => [log.state, log.attempts, log.maybeDoubled]),
      [
        ['delivered', 1, false],
        ['delivered', 1, false],
      ],
    );
  });

  it('lets go of a batch it cannot handle, so that it is taken over', async () => {
    breakResolve(1, new TypeError('bug'));
    await accept(1, { resolve: true });
    session.lookUp = async () => [{ kind: 'found', address: { channelId: 'x', reference: null } }];
    await engine.start();
    await clock.advance(29_000);
    assert.equal(sends.length, 0);
    await clock.advance(5_000);
    assert.deepEqual(
      (await logs()).map((log) => log.state),
      ['delivered'],
    );
  });

  it('survives a channel that throws', async () => {
    provider = (_request, attempt) => {
      if (attempt === 1) throw new Error('bug');
      return accepted;
    };
    await accept(2);
    await engine.start();
    await clock.advance(10_000);
    assert.deepEqual(
      (await logs()).map((log) => [log.state, log.maybeDoubled]),
      [
        ['delivered', true],
        ['delivered', true],
      ],
    );
  });

  it('gives back on drain what it had not started, the attempt unspent', async () => {
    const gate = Promise.withResolvers<void>();
    provider = async () => {
      await gate.promise;
      return accepted;
    };
    await accept(30);
    await engine.start();
    await clock.advance(10);
    assert.equal(sends.length, 9, 'one of ten slots is kept for what is urgent');
    const drained = engine.drain(15_000);
    await clock.advance(10);
    gate.resolve();
    await Promise.all([drained, clock.advance(100)]);
    assert.equal(sends.length, 9);
    assert.equal((await status()).counts.delivered, 9);
    const [rest] = await claim(1_000);
    assert.equal(rest?.recipients.length, 21);
    assert.equal(rest.takeovers, 0);
    assert.ok(rest.recipients.every((recipient) => recipient.attempts === 0 && !recipient.maybeSent));
  });

  it('serves bots by turns, so that a small one need not wait for a big one', async () => {
    const small = {
      ...connection,
      botId: derivedId('st', 'small'),
      id: connectionId(derivedId('st', 'small'), 'toy', null),
    };
    known = [connection, small];
    engine = newEngine();
    provider = () => new Promise((resolve) => clock.after(10, () => resolve(accepted)));
    await accept(20 * BATCH_SIZE);
    await accept(1, { botId: small.botId, connectionId: small.id });
    await engine.start();
    await clock.advance(50);
    assert.ok(sends.some((send) => send.botId === small.botId));
    assert.ok(sends.length < 200);
  });

  it('lets a small notification overtake a large one of the same bot, connection and lane', async () => {
    provider = () => new Promise((resolve) => clock.after(10, () => resolve(accepted)));
    await accept(20 * BATCH_SIZE);
    await engine.start();
    await clock.advance(50);
    const before = sends.length;
    const id = derivedId('ds', 'small');
    await accept(1, { id });
    engine.wake();
    await clock.advance(20);
    assert.ok(before >= 40 && sends.length <= before + 30, `${before}, then ${sends.length}`);
    assert.ok(sends.some((send) => send.notificationId === id));
  });

  it('lets a run go on beside a flood of urgent messages', async () => {
    provider = () => new Promise((resolve) => clock.after(10, () => resolve(accepted)));
    const run = derivedId('ds', 'run');
    await accept(10 * BATCH_SIZE, { id: run, lane: 'bulk' });
    await accept(20 * BATCH_SIZE, { lane: 'urgent' });
    await engine.start();
    await clock.advance(1_000);
    const counted = sends.slice(100, 900);
    const share = counted.filter((send) => send.notificationId === run).length / counted.length;
    assert.ok(share >= 0.09 && share <= 0.12, `${share} of the sends are the run's`);
  });

  async function accept(
    recipients: number,
    more: Partial<Notification> = {},
    ownMessage: (seq: number) => string | null = () => null,
  ): Promise<void> {
    const now = clock.now();
    await store.accept({
      notification: {
        botId,
        id: notificationId,
        api: 'native',
        appId: 'cs-1',
        createdBy: 'u-1',
        channel: 'toy',
        channelSpelling: 'toy',
        connectionId: connection.id,
        resolve: false,
        lane: 'normal',
        message: { type: 'text', text: 'Hello' },
        total: recipients,
        createdAt: now,
        expiresAt: now + 86_400_000,
        ...more,
      },
      recipients: Array.from({ length: recipients }, (_, seq) => ({
        seq,
        identity: `p${seq}@x.org`,
        customMessage: ownMessage(seq),
        parameters: null,
        attempts: 0,
        maybeSent: false,
      })),
      delayMs: 0,
      idempotency: null,
    });
  }

  function breakResolve(times: number, error: Error): void {
    const { resolve } = store;
    let left = times;
    store.resolve = (request) => {
      left -= 1;
      return left >= 0 ? Promise.reject(error) : resolve(request);
    };
  }

  async function status() {
    const found = await store.findNotification({ botId, notificationId });
    assert.ok(found);
    return found;
  }

  const logs = () => store.listLogs({ botId, notificationId, afterSeq: -1, limit: 10_000 });

  const claim = (leaseMs: number) =>
    store.claimDue({
      queue: { lane: 'normal', size: 'small', botId, connectionId: connection.id },
      owner: 'another',
      leaseMs,
      limit: 1,
    });

  async function claimAsAnother(leaseMs: number) {
    const [batch] = await claim(leaseMs);
    assert.ok(batch);
    return batch;
  }
});

const notificationId = derivedId('ds', 'engine');

const logFor = (seq: number): Log => ({
  seq,
  identity: `p${seq}@x.org`,
  state: 'delivered',
  reason: null,
  detail: null,
  personId: null,
  channelId: 'x',
  providerMessageId: null,
  attempts: 1,
  maybeDoubled: false,
  at: 1,
});

function toyChannel(session: ChannelSession, afterUnknown: Channel['afterUnknown']): Channel {
  return {
    id: 'toy',
    aliases: [],
    identityKey: 'email',
    addressing: 'directory',
    named: false,
    settings: Type.Object({}),
    defaults: { perSecond: null, concurrency: 10 },
    afterUnknown,
    open: () => session,
  };
}

const tenancyOf = (connections: readonly Connection[]): Tenancy => ({
  callLimits: { perMinute: 0, perHour: 0 },
  retention: () => ({}),
  app: () => null,
  bot: () => null,
  bots: () => [],
  connections: () => connections,
  connection: () => null,
  connectionById: (id) => connections.find((entry) => entry.id === id) ?? null,
});

function loggerInto(lines: string[]): Logger {
  const at =
    (level: string) =>
    (event: string, fields: { readonly detail?: unknown } = {}) => {
      lines.push(fields.detail === undefined ? `${level} ${event}` : `${level} ${event}: ${fields.detail}`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
