import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  accepted,
  type EngineRig,
  openEngineRig,
  type RigBot,
  type RigOptions,
} from '../../test/support/engine-rig.ts';
import type { Outcome } from '../model/outcome.ts';

const people = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index}@x.org`);
const failed: Outcome = { kind: 'failed', reason: 'provider_error', detail: 'HTTP 500' };
const lost: Outcome = { kind: 'unknown', reason: 'answer_lost', detail: 'no answer' };
const refused: Outcome = { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail: 'HTTP 401' };

describe('cancels', { timeout: 30_000 }, () => {
  let rig: EngineRig;
  let bot: RigBot;
  afterEach(() => rig.close());

  async function open(options: RigOptions): Promise<void> {
    await prepare(options);
    await rig.engine.start();
  }
  async function prepare(options: RigOptions): Promise<void> {
    rig = await openEngineRig({ perSecond: 0, ...options });
    const [first] = rig.bots;
    assert.ok(first);
    bot = first;
    await rig.know(bot, people(250));
  }
  const cancel = (notificationId: string) =>
    rig.store.cancel({ botId: bot.botId, notificationId, at: rig.clock.now() });
  const tally = (notificationId: string) => rig.store.tallyCancelled({ botId: bot.botId, notificationId });
  const ends = async (id: string) =>
    (await rig.logs(bot, id)).map(({ state, attempts, maybeDoubled }) => `${state} ${attempts} ${maybeDoubled}`);

  /** Two in flight, whose answers the test gives; the others wait. */
  async function openWithTwoInFlight() {
    const answers: ((outcome: Outcome) => void)[] = [];
    await open({ concurrency: 2, send: () => new Promise((resolve) => answers.push(resolve)) });
    const id = await rig.accept(bot, people(250));
    await rig.clock.advance(100);
    assert.equal(rig.sends.length, 2);
    await cancel(id);
    return { id, answer: (outcome: Outcome) => answers.shift()?.(outcome) };
  }

  it('start nothing more at once, where they are asked for, and let what is in flight end as it ends', async () => {
    const { id, answer } = await openWithTwoInFlight();
    rig.engine.heedCallers();
    await rig.clock.advance(100);
    assert.equal((await tally(id))?.inFlight, 2);
    assert.equal((await tally(id))?.cancelled, 248);
    answer(accepted);
    answer(lost);
    await rig.clock.advance(1_000);
    const [first, second, ...others] = await ends(id);
    assert.deepEqual([first, second], ['delivered 1 false', 'cancelled 1 true']);
    assert.deepEqual(new Set(others), new Set(['cancelled 0 false']));
    assert.equal(rig.sends.length, 2);
  });

  it('are heard of within half a second, wherever they were asked for', async () => {
    const { id, answer } = await openWithTwoInFlight();
    await rig.clock.advance(600);
    assert.equal((await tally(id))?.inFlight, 2);
    answer(failed);
    answer(accepted);
    await rig.clock.advance(1_000);
    assert.deepEqual((await ends(id)).slice(0, 3), ['cancelled 1 false', 'delivered 1 false', 'cancelled 0 false']);
    assert.equal(rig.sends.length, 2);
  });

  it('are asked for with every claim, so that it does not matter who is first', async () => {
    await prepare({});
    // More than are ended in one step, so that some are claimed.
    const id = await rig.accept(bot, Array(20).fill(people(100)).flat());
    await cancel(id);
    await rig.engine.start();
    await rig.clock.advance(5_000);
    assert.equal(rig.sends.length, 0);
    assert.deepEqual(new Set(await ends(id)), new Set(['cancelled 0 false']));
    assert.equal((await ends(id)).length, 2_000);
  });

  it('end those who wait for a connection that nobody can use', async () => {
    await open({ send: () => refused });
    const id = await rig.accept(bot, people(250));
    await rig.clock.advance(5_000);
    await cancel(id);
    await rig.clock.advance(1_000);
    assert.deepEqual(new Set(await ends(id)), new Set(['cancelled 0 false']));
    assert.equal((await ends(id)).length, 250);
  });

  it('end those whose next try is far away', async () => {
    await open({ send: () => ({ kind: 'busy', scope: 'recipient', retryAfterMs: 3_000_000, detail: '429' }) });
    const id = await rig.accept(bot, people(3));
    await rig.clock.advance(1_000);
    await cancel(id);
    await rig.clock.advance(1_000);
    assert.deepEqual(await ends(id), Array(3).fill('cancelled 0 false'));
  });

  it('end those whose address is being looked up, and leave alone who looks for the same person', async () => {
    const gate = Promise.withResolvers<void>();
    await open({
      async lookUp(identities) {
        await gate.promise;
        return identities.map((identity) => ({ kind: 'found', address: { channelId: identity, reference: null } }));
      },
    });
    const id = await rig.accept(bot, ['new@x.org', 'newer@x.org']);
    const other = await rig.accept(bot, ['new@x.org']);
    await rig.clock.advance(100);
    await cancel(id);
    await rig.clock.advance(1_000);
    assert.deepEqual(await ends(id), Array(2).fill('cancelled 0 false'));
    gate.resolve();
    await rig.clock.advance(1_000);
    assert.deepEqual(await ends(other), ['delivered 1 false']);
    assert.equal(rig.sends.length, 1);
  });

  it('leave other notifications of the same queue alone', async () => {
    await open({ concurrency: 1 });
    const ids = await Promise.all([rig.accept(bot, people(100)), rig.accept(bot, people(100))]);
    const [id = '', other = ''] = ids;
    await cancel(id);
    rig.engine.heedCallers();
    await rig.clock.advance(5_000);
    assert.deepEqual(new Set(await ends(other)), new Set(['delivered 1 false']));
    assert.equal((await ends(id)).length, 100);
  });
});
