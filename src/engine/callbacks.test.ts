import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { findChannel } from '../channels/channels.ts';
import type { OutboundCall, OutboundResult } from '../channels/outbound.ts';
import { CALLBACK_EVENTS, type CallbackEvent } from '../model/callback.ts';
import { connectionId, randomId } from '../model/ids.ts';
import type { Logger } from '../model/logger.ts';
import type { Connection } from '../model/tenancy.ts';
import { silentTracer, type Tracer } from '../model/tracer.ts';
import { allDelivered, claimAll, keyOf, logOf, queueOf, record, sample } from '../store/exam-samples.ts';
import { openStore } from '../store/open.ts';
import type { AcceptRequest } from '../store/port/acceptance.ts';
import type { Store } from '../store/port.ts';
import { Callbacks } from './callbacks.ts';

const ALL: readonly CallbackEvent[] = CALLBACK_EVENTS;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OK: OutboundResult = { kind: 'response', status: 204, headers: {}, body: '' };
const answer = (status: number, headers = {}): OutboundResult => ({ kind: 'response', status, headers, body: '' });

interface Told {
  readonly at: number;
  readonly url: string;
  readonly id: string;
  readonly type: string;
  readonly data: { readonly counts: Record<string, number>; readonly reasons?: Record<string, number> };
}

describe('callbacks', () => {
  const clock = new VirtualClock();
  let store: Store;
  let nodes: Callbacks[] = [];
  let told: Told[] = [];
  let lines: string[] = [];
  let respond: (call: OutboundCall) => OutboundResult | Promise<OutboundResult> = () => OK;
  beforeEach(async () => {
    store = await openStore('sqlite::memory:', { clock });
    [nodes, told, lines, respond] = [[], [], [], () => OK];
  });
  afterEach(async () => {
    const stopped = Promise.all(nodes.map((node) => node.stop(0)));
    await clock.advance(1);
    await stopped;
    await store.close();
  });

  /** Whoever is called believes nothing that the standard's own library does not believe. */
  function receive(call: OutboundCall): OutboundResult | Promise<OutboundResult> {
    mock.timers.enable({ apis: ['Date'], now: clock.now() });
    const { type, data } = new Webhook(SECRET).verify(String(call.body), { ...call.headers }) as Told;
    mock.timers.reset();
    told.push({ at: clock.now(), url: call.url, id: call.headers['webhook-id'] ?? '', type, data });
    return respond(call);
  }

  function start(through: Partial<Store> = {}, tracer: Tracer = silentTracer): Callbacks {
    const add = (event: string, fields = {}) => void lines.push(`${event} ${JSON.stringify(fields)}`);
    const logger: Logger = { debug: add, info: add, warn: add, error: add };
    const outbound = { request: async (call: OutboundCall) => receive(call), close: async () => {} };
    const node = new Callbacks({
      store: { ...store, ...through },
      tenancy: { connectionById: (id) => connections.get(id) ?? null },
      findChannel,
      tools: { outbound, clock, random: () => 0, publicUrl: null },
      clock,
      logger,
      tracer,
    });
    nodes.push(node);
    node.start();
    return node;
  }

  const connections = new Map<string, Connection>();
  function connectionOf(botId: string): string {
    const id = connectionId(botId, 'ivr', 'Told');
    connections.set(id, {
      id,
      botId,
      channel: 'ivr',
      name: 'Told',
      settings: { url: `https://example.com/${botId}`, secret: SECRET },
      limits: { perSecond: null, concurrency: null },
      allowPrivateNetwork: false,
    });
    return id;
  }

  async function accept(
    recipients = 200,
    { on = ALL, steps = 4, sendAt = 0, botId = randomId('st'), trace = '' } = {},
  ) {
    const request = sample({ recipients, botId });
    const callback = { connectionId: connectionOf(botId), on, steps };
    const options = { callback, ...(sendAt > 0 && { sendAt }), ...(trace !== '' && { trace }) };
    const asked: AcceptRequest = { ...request, notification: { ...request.notification, options } };
    await store.accept(asked);
    return asked;
  }
  const types = () => told.map(({ type }) => type);

  it('tell the start, each step once and the end, with what was so then', async () => {
    start();
    const request = await accept();
    const [first, second] = await claimAll(store, queueOf(request));
    assert.ok(first && second);
    await clock.advance(500);
    assert.deepEqual(types(), ['notification.started']);
    await record(store, [
      { batch: first, logs: first.recipients.map(({ seq }) => logOf(seq, 'failed')), remainder: [] },
    ]);
    await clock.advance(5_000);
    assert.deepEqual(types(), ['notification.started', 'notification.progress']);
    assert.deepEqual([told[1]?.data.counts['failed'], told[1]?.data.counts['pending']], [100, 100]);
    await record(store, [allDelivered(second)]);
    await clock.advance(5_000);
    assert.deepEqual(types(), ['notification.started', 'notification.progress', 'notification.finished']);
    assert.partialDeepStrictEqual(told[2]?.data, {
      botId: request.notification.botId,
      id: request.notification.id,
      counts: { total: 200, pending: 0, delivered: 100, failed: 100 },
      reasons: { provider_error: 100 },
    });
    assert.equal(new Set(told.map(({ id }) => id)).size, 3);
    assert.deepEqual(await store.listCallbackWatches({ after: null, limit: 9 }), []);
    const log = await store.listCallbacks(keyOf(request));
    assert.deepEqual(
      log.map(({ state, dueAt, tries }) => [state, dueAt, tries.map(({ status, detail }) => [status, detail])]),
      [0, 1, 2].map(() => ['delivered', null, [[204, null]]]),
    );
  });

  it('tell only what was asked for, and nothing before it may be sent', async () => {
    start();
    const request = await accept(100, { on: ['started'], sendAt: clock.now() + 10_000 });
    await clock.advance(9_000);
    assert.deepEqual(types(), []);
    await clock.advance(2_000);
    assert.deepEqual(types(), ['notification.started']);
    await record(store, (await claimAll(store, queueOf(request))).map(allDelivered));
    await clock.advance(2_000);
    assert.deepEqual(types(), ['notification.started']);
    assert.deepEqual(await store.listCallbackWatches({ after: null, limit: 9 }), []);
  });

  it('say in their trace how each telling ended', async () => {
    const ended: unknown[] = [];
    const span = {
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      child: () => assert.fail('nothing else is traced here'),
      end: (facts: object, fault: string | null = null) => void ended.push([facts, fault]),
    };
    start({}, { start: () => span });
    const gone: OutboundResult = { kind: 'not_sent', detail: 'reset', timedOut: false };
    for (const each of [answer(503), answer(302), gone, OK]) {
      respond = () => each;
      await accept(100, { on: ['started'], trace: span.traceparent });
      await clock.advance(1_000);
    }
    const status = (code: number) => ({ 'http.response.status_code': code });
    assert.deepEqual(ended, [
      [status(503), '503'],
      [status(302), '302'],
      [{}, 'not_sent'],
      [status(204), null],
    ]);
  });

  it('are tried for 27 hours with one id and one body, and then given up, which is said', async () => {
    start();
    const bodies = new Set<unknown>();
    respond = ({ body }) => {
      bodies.add(body);
      return answer(told.length % 2 === 0 ? 302 : 500);
    };
    const request = await accept(100, { on: ['started'] });
    await clock.advance(1_000);
    const [m, h] = [60_000, 3_600_000];
    for (const [tries, wait] of [5_000, 5 * m, 30 * m, 2 * h, 5 * h, 10 * h, 10 * h].entries()) {
      await clock.leap(wait - 4_000);
      assert.equal(told.length, tries + 1);
      await clock.advance(4_500);
      assert.equal(told.length, tries + 2);
    }
    await clock.leap(48 * h);
    await clock.advance(1_000);
    assert.equal(told.length, 8);
    assert.deepEqual([new Set(told.map(({ id }) => id)).size, bodies.size], [1, 1]);
    const [line] = await store.listCallbacks(keyOf(request));
    assert.deepEqual([line?.state, line?.dueAt, line?.tries.length], ['given_up', null, 8]);
    assert.match(line?.tries[1]?.detail ?? '', /answered 302\. Redirects are not followed/);
    assert.equal(lines.filter((text) => text.startsWith('callback given up')).length, 1);
  });

  it('heed 410 and a longer Retry-After', async () => {
    start();
    respond = () => (told.length === 1 ? answer(503, { 'retry-after': '120' }) : answer(410));
    const request = await accept(100, { on: ['started'] });
    await clock.advance(1_000);
    await clock.leap(118_000);
    assert.equal(told.length, 1);
    await clock.leap(3_000);
    await clock.advance(1_000);
    assert.equal(told.length, 2);
    await clock.leap(48 * 3_600_000);
    await clock.advance(1_000);
    assert.equal(told.length, 2);
    assert.equal((await store.listCallbacks(keyOf(request)))[0]?.state, 'given_up');
  });

  it('are told once by two nodes, and again under the same id when one dies before it is written down', async () => {
    start();
    start();
    const requests = await Promise.all(Array.from({ length: 20 }, () => accept(100)));
    for (const request of requests) await record(store, (await claimAll(store, queueOf(request))).map(allDelivered));
    await clock.advance(10_000);
    assert.equal(told.length, 40);
    assert.equal(new Set(told.map(({ id }) => id)).size, 40);
    await Promise.all(nodes.splice(0).map((node) => node.stop(0)));

    told = [];
    start({ settleCallback: () => Promise.reject(new Error('killed')) });
    await accept(100, { on: ['started'] });
    await clock.advance(1_000);
    assert.equal(told.length, 1);
    await nodes.splice(0)[0]?.stop(0);
    start();
    await clock.advance(61_000);
    assert.equal(told.length, 2);
    assert.equal(new Set(told.map(({ id }) => id)).size, 1);
  });

  it('of one bot that nobody answers keep no other waiting', async () => {
    start();
    const [deaf, heard] = [randomId('st'), randomId('st')];
    let open = 0;
    respond = ({ url, signal }) => {
      if (!url.includes(deaf)) return OK;
      open += 1;
      assert.ok(open <= 7);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          open -= 1;
          resolve({ kind: 'ambiguous', detail: 'No answer came in time.', timedOut: true });
        });
      });
    };
    for (let i = 0; i < 30; i++) await accept(100, { on: ['started'], botId: deaf });
    await clock.advance(500);
    await accept(100, { on: ['started'], botId: heard });
    await clock.advance(1_000);
    assert.equal(told.filter(({ url }) => url.includes(heard)).length, 1);
    await clock.advance(14_000);
    const failed = (await store.listCallbackWatches({ after: null, limit: 1 })).length;
    assert.equal(failed, 1);
    assert.ok(told.filter(({ url }) => url.includes(deaf)).length > 4);
  });

  it('of a connection that is there no more say so', async () => {
    start();
    const request = await accept(100, { on: ['started'] });
    connections.clear();
    await clock.advance(1_000);
    const [line] = await store.listCallbacks(keyOf(request));
    assert.deepEqual(
      line?.tries.map(({ status, detail }) => [status, detail]),
      [[null, 'The connection is no longer configured.']],
    );
  });
});
