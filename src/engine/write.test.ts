import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Type } from 'typebox';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { Channel, SendRequest } from '../channels/contract.ts';
import { connectionId, derivedId } from '../model/ids.ts';
import type { Content } from '../model/message.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Connection, Tenancy } from '../model/tenancy.ts';
import { faulty, type Rendering } from '../render/script/fault.ts';
import type { RenderRequest } from '../render/script/renderer.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/port.ts';
import { Engine } from './engine.ts';

const botId = derivedId('st', 'write');
const notificationId = derivedId('ds', 'write');
const script: Content = { type: 'script', source: 'print("…")' };
const accepted: Outcome = { kind: 'accepted', providerMessageId: 'm-1' };
const failed: Outcome = { kind: 'failed', reason: 'provider_error', detail: 'HTTP 503' };

const connections: readonly Connection[] = ['toy', 'other'].map((channel) => ({
  id: connectionId(botId, channel, null),
  botId,
  channel,
  name: null,
  settings: {},
  limits: { perSecond: 0, concurrency: 10 },
  allowPrivateNetwork: false,
}));

/** The engine's side of scripts; what they do in the sandbox is the renderer's to prove. */
describe('messages that a script writes', () => {
  let clock: VirtualClock;
  let store: Store;
  let engine: Engine;
  let sends: SendRequest[];
  let provider: (request: SendRequest) => Outcome;
  /** Every step of the renderer so far, and how to let it end. */
  let steps: { readonly request: RenderRequest; readonly end: (renderings?: readonly Rendering[]) => void }[];

  beforeEach(async () => {
    clock = new VirtualClock();
    store = await openStore('sqlite::memory:', { clock });
    sends = [];
    steps = [];
    provider = () => accepted;
    engine = newEngine();
  });
  afterEach(async () => {
    for (const { end } of steps) end();
    await Promise.all([engine.drain(0), clock.advance(1_000)]);
    await store.close();
  });

  const newEngine = () =>
    new Engine({
      store,
      tenancy,
      findChannel: (id) =>
        toyChannel(id, (request) => {
          sends.push(request);
          return provider(request);
        }),
      tools: {
        outbound: { request: () => assert.fail(), close: async () => {} },
        clock,
        random: () => 0.5,
        publicUrl: null,
      },
      renderer: {
        render: (request) =>
          new Promise((resolve) => {
            const printed = request.recipients.map(({ seq }): Rendering => ({ ok: true, output: `for ${seq}` }));
            steps.push({ request, end: (renderings = printed) => resolve(renderings) });
          }),
        close: async () => {},
      },
      clock,
      random: () => 0.5,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      leaseMs: 30_000,
    });

  async function accept(
    recipients: number,
    message: Content = script,
    connection = connections[0],
    id = notificationId,
  ) {
    assert.ok(connection);
    const now = clock.now();
    await store.accept({
      notification: {
        botId,
        id,
        api: 'native',
        appId: 'cs-1',
        createdBy: 'u-1',
        channel: connection.channel,
        channelSpelling: connection.channel,
        connectionId: connection.id,
        resolve: false,
        lane: 'normal',
        message,
        total: recipients,
        createdAt: now,
        expiresAt: now + 86_400_000,
      },
      recipients: Array.from({ length: recipients }, (_, seq) => {
        return { seq, identity: `p${seq}@x.org`, customMessage: null, parameters: null, attempts: 0, maybeSent: false };
      }),
      delayMs: 0,
      idempotency: null,
    });
    engine.wake();
  }

  const logs = () => store.listLogs({ botId, notificationId, afterSeq: -1, limit: 1_000 });
  const texts = () => sends.map(({ message }) => (message.type === 'text' ? message.text : ''));

  it('send what was printed for each', async () => {
    await engine.start();
    await accept(2);
    await clock.advance(10);
    assert.deepEqual(sends, []);
    steps[0]?.end();
    await clock.advance(100);
    assert.deepEqual(texts(), ['for 0', 'for 1']);
    assert.deepEqual(
      (await logs()).map(({ state }) => state),
      ['delivered', 'delivered'],
    );
  });

  it('send the first batch while the script runs for the next', async () => {
    await engine.start();
    await accept(150);
    await clock.advance(10);
    assert.deepEqual(
      steps.map(({ request }) => request.recipients.length),
      [100],
    );
    steps[0]?.end();
    await clock.advance(100);
    assert.deepEqual([sends.length, steps.length], [100, 2]);
  });

  it('hold up no other queue, and have no more of their own queue claimed', async () => {
    await engine.start();
    await accept(3);
    await clock.advance(10);
    await accept(3, { type: 'text', text: 'Hello' }, connections[1], derivedId('ds', 'other'));
    await accept(3, script, connections[0], derivedId('ds', 'later'));
    await clock.advance(5_000);
    assert.deepEqual(texts(), ['Hello', 'Hello', 'Hello']);
    assert.equal(steps.length, 1);
    steps[0]?.end();
    await clock.advance(10);
    assert.equal(steps.length, 2);
  });

  it('keep their leases however long the script takes', async () => {
    await engine.start();
    await accept(1);
    await clock.advance(120_000);
    assert.equal(steps.length, 1);
    steps[0]?.end();
    await clock.advance(100);
    assert.deepEqual(
      (await logs()).map(({ state, maybeDoubled }) => [state, maybeDoubled]),
      [['delivered', false]],
    );
  });

  it('fail those the script failed for, with its words, and nobody else', async () => {
    await engine.start();
    await accept(2);
    await clock.advance(10);
    steps[0]?.end([faulty('thrown', 3, 'ReferenceError: foo is not defined'), { ok: true, output: 'Hi' }]);
    await clock.advance(100);
    assert.deepEqual(
      (await logs()).map(({ state, reason, detail, attempts }) => [state, reason, detail, attempts]),
      [
        ['failed', 'render_failed', 'line 3: ReferenceError: foo is not defined', 0],
        ['delivered', null, null, 1],
      ],
    );
    assert.deepEqual(texts(), ['Hi']);
  });

  it('fail whose output cannot be sent', async () => {
    await engine.start();
    await accept(1);
    await clock.advance(10);
    steps[0]?.end([{ ok: true, output: '{"a":{"__proto__":{"b":1}}}' }]);
    await clock.advance(100);
    const [log] = await logs();
    assert.equal(log?.detail, 'printed what cannot be sent: a.__proto__: this key is not allowed');
  });

  it('are the same object for all who are printed the same, in every batch and at every attempt', async () => {
    let calls = 0;
    provider = () => (++calls % 2 === 1 ? failed : accepted);
    await engine.start();
    await accept(101);
    for (const index of [0, 1]) {
      await clock.advance(10);
      const { request, end } = steps[index] ?? assert.fail();
      end(request.recipients.map(() => ({ ok: true, output: '{"text":"Hi"}' })));
    }
    await clock.advance(3_600_000);
    assert.equal((await logs()).length, 101);
    assert.ok(sends.length > 101);
    assert.equal(new Set(sends.map(({ message }) => message)).size, 1);
  });

  it('are written once: what is tried again is what was printed at first', async () => {
    provider = () => (sends.length < 3 ? failed : accepted);
    await engine.start();
    await accept(1);
    await clock.advance(10);
    steps[0]?.end();
    await clock.advance(60_000);
    assert.deepEqual([texts(), steps.length], [['for 0', 'for 0', 'for 0'], 1]);
  });

  it('are written again by whoever takes over what was never sent', async () => {
    await engine.start();
    await accept(1);
    await clock.advance(10);
    const [claimed] = steps;
    const another = newEngine();
    await another.start();
    await clock.advance(10);
    assert.equal(steps.length, 2);
    assert.deepEqual(steps[1]?.request.recipients, claimed?.request.recipients);
    steps[1]?.end();
    await clock.advance(100);
    claimed?.end();
    await clock.advance(100);
    assert.equal((await logs()).length, 1);
    await Promise.all([another.drain(0), clock.advance(1_000)]);
  });

  it('go back unspent when the server stops before their turn', async () => {
    await engine.start();
    await accept(250);
    await clock.advance(10);
    const drained = engine.drain(1_000);
    await clock.advance(10);
    steps[0]?.end();
    await Promise.all([drained, clock.advance(2_000)]);
    assert.equal(steps.length, 1);
    const left = await store.claimDue({
      queue: { lane: 'normal', size: 'large', botId, connectionId: connections[0]?.id ?? '' },
      owner: 'another',
      leaseMs: 1_000,
      limit: 10,
    });
    const recipients = left.flatMap((batch) => batch.recipients);
    assert.equal(recipients.length + (await logs()).length, 250);
    assert.ok(left.every(({ takeovers }) => takeovers === 0));
    assert.ok(recipients.every(({ attempts, maybeSent }) => attempts === 0 && !maybeSent));
  });

  it('leave only the batch a fault happened to for another take', async () => {
    const { findPeople } = store;
    let asked = 0;
    store.findPeople = (request) => (++asked === 1 ? Promise.reject(new Error('broken')) : findPeople(request));
    await engine.start();
    await accept(150);
    await clock.advance(10);
    steps[0]?.end();
    await clock.advance(100);
    assert.equal((await logs()).length, 50);
    await clock.advance(31_000);
    steps[1]?.end();
    await clock.advance(100);
    assert.equal((await logs()).length, 150);
  });

  it('ask the directory for nobody where there is no script', async () => {
    store.findPeople = () => assert.fail();
    await engine.start();
    await accept(2, { type: 'text', text: 'Hello' });
    await clock.advance(100);
    assert.deepEqual(texts(), ['Hello', 'Hello']);
  });
});

const tenancy: Tenancy = {
  callLimits: { perMinute: 0, perHour: 0 },
  retention: () => ({}),
  app: () => null,
  bot: () => null,
  bots: () => [],
  connections: () => connections,
  connection: () => null,
  connectionById: (id) => connections.find((entry) => entry.id === id) ?? null,
};

function toyChannel(id: string, send: (request: SendRequest) => Outcome): Channel {
  return {
    id,
    aliases: [],
    identityKey: 'email',
    addressing: 'directory',
    named: false,
    settings: Type.Object({}),
    defaults: { perSecond: null, concurrency: 10 },
    afterUnknown: 'retry',
    open: () => ({
      send: async (request) => send(request),
      check: async () => ({ ok: true, detail: '' }),
      close: async () => {},
    }),
  };
}
