import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Agent, EventSource } from 'undici';
import { BOT, call, post, type Rig, startRig, tokenFor } from '../../../../test/support/http-rig.ts';
import { openEvents } from '../../../../test/support/read-events.ts';
import { connectionId, randomId } from '../../../model/ids.ts';
import type { FinalState, Log } from '../../../model/notification.ts';
import type { ClaimedBatch } from '../../../store/port/work.ts';

const queue = {
  lane: 'normal',
  size: 'small',
  botId: BOT,
  connectionId: connectionId(BOT, 'msteams', null),
} as const;

describe('GET /notifications/:id/events', () => {
  let rig: Rig;
  let batch: ClaimedBatch;
  let isDraining = false;
  /** At the store. */
  let looks = 0;
  /** Non-null: the store keeps whoever asks for a notification waiting. */
  let held: { readonly asked: () => void; readonly until: Promise<void> } | null = null;
  const open: { close(): void }[] = [];
  beforeEach(async () => {
    [isDraining, looks] = [false, 0];
    rig = await startRig({
      isDraining: () => isDraining,
      limits: { maxStreams: 5, maxAppStreams: 3 },
      around: (store) => ({
        ...store,
        async findNotification(request) {
          held?.asked();
          await held?.until;
          return store.findNotification(request);
        },
        async findSummaries(request) {
          const found = await store.findSummaries(request);
          looks += 1;
          return found;
        },
      }),
    });
  });
  afterEach(() => {
    for (const stream of open.splice(0)) stream.close();
    return rig.close();
  });

  async function send(people = 10): Promise<string> {
    const identities = Array.from({ length: people }, (_, i) => `p${i}@abc.com`);
    const body = { channel: 'msteams', userIdentityType: 'resolve', message: { type: 'text', val: 'x' }, identities };
    const { text } = await post(rig, 'notify', body);
    const [claimed] = await rig.store.claimDue({ queue, owner: 'me', leaseMs: 1e9, limit: 1 });
    assert.ok(claimed);
    batch = claimed;
    return /ds-[0-9a-f-]{36}/.exec(text)?.[0] ?? '';
  }

  /** The next so many of the batch come to this end. */
  async function conclude(count: number, state: FinalState = 'delivered'): Promise<void> {
    const [now, rest] = [batch.recipients.slice(0, count), batch.recipients.slice(count)];
    const logs = now.map(
      ({ seq, identity }): Log => ({
        seq,
        identity,
        state,
        reason: state === 'delivered' ? null : 'provider_error',
        detail: null,
        personId: null,
        channelId: null,
        providerMessageId: null,
        attempts: 1,
        maybeDoubled: false,
        at: rig.clock.now(),
      }),
    );
    await rig.store.checkpoint({ again: false, batches: [{ batch, logs, remainder: rest.length === 0 ? [] : null }] });
    batch = { ...batch, recipients: rest };
  }

  async function watch(id: string, { app = 'cs-builder', lastEventId = '' } = {}) {
    const auth = await tokenFor(app);
    const headers = { auth, ...(lastEventId !== '' && { 'last-event-id': lastEventId }) };
    const stream = await openEvents(`${rig.url}/api/v1/bots/${BOT}/notifications/${id}/events`, headers);
    open.push(stream);
    return stream;
  }

  it('says where it is, what changes, how fast, and its end', async () => {
    const id = await send();
    const stream = await watch(id);
    assert.equal(stream.response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const first = await stream.next();
    assert.deepEqual([first?.event, first?.data.counts.pending, first?.data.perSecond], ['progress', 10, null]);

    await conclude(4);
    rig.clock.advance(500);
    const second = await stream.next();
    assert.partialDeepStrictEqual(second?.data, { id, counts: { pending: 6, delivered: 4 }, reasons: {} });
    assert.deepEqual([second?.data.perSecond, second?.data.etaSeconds], [8, 1]);
    assert.notEqual(second?.id, first?.id);

    await conclude(2, 'failed');
    rig.clock.advance(500);
    const third = await stream.next();
    assert.deepEqual(third?.data.counts.failed, 2);
    // Reasons are counted beside it.
    const counted = third?.data.reasons?.['provider_error'] === 2 ? third : await stream.next();
    assert.deepEqual(counted?.data.reasons, { provider_error: 2 });

    await conclude(4);
    rig.clock.advance(500);
    const last = await stream.next();
    assert.equal(last?.event, 'end');
    assert.partialDeepStrictEqual(last?.data, {
      counts: { total: 10, pending: 0, delivered: 8, failed: 2 },
      reasons: { provider_error: 2 },
      etaSeconds: 0,
      finishedAt: new Date(rig.clock.now() - 500).toISOString(),
    });
    assert.equal(await stream.next(), null);
  });

  it('is told nothing twice, and nothing is lost in between', async () => {
    const id = await send();
    const stream = await watch(id);
    const first = await stream.next();
    assert.ok(first);
    stream.close();

    const again = await watch(id, { lastEventId: first.id });
    const quiet = again.next();
    await conclude(10);
    rig.clock.advance(500);
    const end = await quiet;
    assert.deepEqual([end?.event, end?.data.counts.delivered], ['end', 10]);

    const late = await watch(id, { lastEventId: first.id });
    const repeated = await late.next();
    assert.deepEqual([repeated?.id, repeated?.event, repeated?.data.counts], [end?.id, 'end', end?.data.counts]);
    const knowing = await watch(id, { lastEventId: end?.id ?? '' });
    assert.equal(knowing.response.status, 204);
  });

  it('asks the store once a tick, whoever watches, and not at all when nobody does', async () => {
    const streams = await Promise.all([await send(), await send()].map((id) => watch(id)));
    streams.push(await watch(await send(), { app: 'cs-both' }));
    await Promise.all(streams.map((stream) => stream.next()));
    await tick();
    assert.equal(looks, 1);
    const [first, ...others] = streams;
    for (const stream of others) stream.close();
    // The last to leave is known to have left when its place is free.
    await until(async () => (await events(await send(), 'cs-both')).status === 200);
    first?.close();
    let quiet = 0;
    await until(async () => {
      const before = looks;
      rig.clock.advance(500);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      quiet = looks === before ? quiet + 1 : 0;
      return quiet === 5;
    });
  });

  it('is what an EventSource understands', async () => {
    const id = await send();
    const auth = await tokenFor('cs-builder');
    const dispatcher = new Agent().compose((dispatch) => (options, handler) => {
      const headers = { ...(options.headers as Record<string, string>), auth };
      return dispatch({ ...options, headers }, handler);
    });
    const source = new EventSource(`${rig.url}/api/v1/bots/${BOT}/notifications/${id}/events`, { dispatcher });
    const heard = (event: string) =>
      new Promise<{ data: string }>((resolve) => {
        source.addEventListener(event, (message) => resolve(message as MessageEvent), { once: true });
      });
    const first = await heard('progress');
    assert.equal(JSON.parse(first.data).counts.pending, 10);
    const ended = heard('end');
    await conclude(10);
    await tick();
    assert.equal(JSON.parse((await ended).data).counts.delivered, 10);
    source.close();
    await dispatcher.close();
  });

  it('has a word for the proxies when there is nothing to say', async () => {
    const stream = await watch(await send());
    await stream.next();
    const silence = stream.comment();
    for (let ms = 0; ms < 15_000; ms += 500) await tick();
    assert.equal(await silence, ':');
  });

  it('ends after a quarter of an hour, so that tokens are judged anew', async () => {
    const stream = await watch(await send());
    await stream.next();
    for (let ms = 0; ms < 15 * 60_000; ms += 5_000) await tick(5_000);
    assert.equal(await stream.next(), null);
  });

  it('says that it came to a halt', async () => {
    const stream = await watch(await send());
    await stream.next();
    await conclude(1);
    await tick();
    assert.equal((await stream.next())?.data.perSecond, 2);
    for (let ms = 0; ms < 11_000; ms += 500) await tick();
    const halted = await stream.next();
    assert.deepEqual([halted?.data.perSecond, halted?.data.etaSeconds], [0, null]);
  });

  it('leaves when the server does, and sends who comes then elsewhere', async () => {
    const id = await send();
    const stream = await watch(id);
    await stream.next();
    isDraining = true;
    await tick();
    assert.equal(await stream.next(), null);
    const refused = await events(id);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
    assert.partialDeepStrictEqual(refused.json, { code: 'draining' });
  });

  it('ends its streams with the server', async () => {
    const stream = await watch(await send());
    await stream.next();
    const closed = rig.app.close();
    assert.equal(await stream.next(), null);
    await closed;
  });

  it('has places for so many, of an app and of all', async () => {
    const id = await send();
    const mine = await Promise.all([1, 2, 3].map(() => watch(id)));
    const refused = await events(id);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
    assert.partialDeepStrictEqual(refused.json, { code: 'streams_busy', detail: '3 are open: close some of them' });
    await Promise.all([1, 2].map(() => watch(id, { app: 'cs-both' })));
    assert.partialDeepStrictEqual((await events(id, 'cs-sender')).json, { code: 'overloaded' });
    mine[0]?.close();
    await until(async () => (await events(id, 'cs-sender')).status === 200);
  });

  it('keeps no place and no watch for who left before the first word', async () => {
    const id = await send();
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    held = { asked: asked.resolve, until: released.promise };
    const leaving = new AbortController();
    const headers = { auth: await tokenFor('cs-builder') };
    const url = `${rig.url}/api/v1/bots/${BOT}/notifications/${id}/events`;
    const left = assert.rejects(fetch(url, { headers, signal: leaving.signal }), { name: 'AbortError' });
    await asked.promise;
    leaving.abort();
    await left;
    const countConnections = promisify(rig.app.server.getConnections.bind(rig.app.server));
    await until(async () => (await countConnections()) === 0);
    held = null;
    released.resolve();
    await Promise.all([1, 2, 3].map(() => watch(id)));
  });

  it('is of the own bot, and of a notification that exists', async () => {
    const id = await send();
    assert.equal((await events(randomId('ds'))).status, 404);
    assert.equal((await events(id, 'cs-other')).status, 404);
    assert.equal((await events(`${id}/events?x=1#`)).status, 400);
  });

  const events = async (id: string, app = 'cs-builder') =>
    call(rig, `/api/v1/bots/${BOT}/notifications/${id}/events`, { headers: { auth: await tokenFor(app) } });

  /** Lets time pass until the next look is due and done. */
  async function tick(ms = 500): Promise<void> {
    const before = looks;
    rig.clock.advance(ms);
    await until(() => looks > before || isDraining);
    await new Promise((resolve) => setImmediate(resolve));
  }
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
