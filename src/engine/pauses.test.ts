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
const MINUTE = 60_000;

describe('pauses', { timeout: 120_000 }, () => {
  let rig: EngineRig;
  let bot: RigBot;
  afterEach(() => rig.close());

  async function prepare(options: RigOptions): Promise<void> {
    rig = await openEngineRig({ perSecond: 0, ...options });
    const [first] = rig.bots;
    assert.ok(first);
    bot = first;
    await rig.know(bot, people(250));
  }
  async function open(options: RigOptions): Promise<void> {
    await prepare(options);
    await rig.engine.start();
  }
  const keyOf = (notificationId: string) => ({ botId: bot.botId, notificationId });
  const pause = (id: string) => rig.store.pause({ ...keyOf(id), at: rig.clock.now(), reason: 'caller' });
  const resume = (id: string) => rig.store.resume(keyOf(id));
  const tally = async (id: string) => {
    const { waiting, inFlight, alreadyFinal } = (await rig.store.tallyPaused(keyOf(id))) ?? {};
    return { waiting, inFlight, alreadyFinal };
  };
  const ends = async (id: string) => (await rig.logs(bot, id)).map(({ state, attempts }) => `${state} ${attempts}`);

  /** Two in flight, whose answers the test gives; the others wait. */
  async function openWithTwoInFlight() {
    const answers: ((outcome: Outcome) => void)[] = [];
    let isPrompt = false;
    await open({
      concurrency: 2,
      send: () => (isPrompt ? accepted : new Promise((resolve) => answers.push(resolve))),
    });
    const id = await rig.accept(bot, people(250));
    await rig.clock.advance(100);
    assert.equal(rig.sends.length, 2);
    await pause(id);
    return {
      id,
      answer: (outcome: Outcome) => answers.shift()?.(outcome),
      acceptAll: async () => {
        isPrompt = true;
        for (const resolve of answers) resolve(accepted);
        await rig.clock.advance(2_000);
      },
    };
  }

  it('start nothing more at once, where they are asked for, and let what is in flight end as it ends', async () => {
    const { id, answer, acceptAll } = await openWithTwoInFlight();
    rig.engine.heedCallers();
    await rig.clock.advance(100);
    // The batch of those two is the worker's until they have ended; the others are out of its hands.
    assert.deepEqual(await tally(id), { waiting: 150, inFlight: 100, alreadyFinal: 0 });
    answer(accepted);
    answer(failed);
    await rig.clock.advance(2 * MINUTE);
    assert.deepEqual(await tally(id), { waiting: 249, inFlight: 0, alreadyFinal: 1 });
    assert.equal(rig.sends.length, 2);
    await resume(id);
    rig.engine.heedCallers();
    await rig.clock.advance(100);
    await acceptAll();
    const states = await ends(id);
    assert.equal(states.length, 250);
    // One was tried before the pause; nobody else has spent an attempt by it.
    assert.equal(states.filter((state) => state === 'delivered 2').length, 1);
    assert.equal(states.filter((state) => state === 'delivered 1').length, 249);
  });

  it('are heard of within half a second, wherever they were asked for, and so are their ends', async () => {
    const { id, answer, acceptAll } = await openWithTwoInFlight();
    await rig.clock.advance(600);
    answer(accepted);
    answer(accepted);
    await rig.clock.advance(5_000);
    assert.equal(rig.sends.length, 2);
    await resume(id);
    await rig.clock.advance(1_000);
    assert.equal(rig.sends.length, 4);
    await acceptAll();
    assert.equal((await ends(id)).length, 250);
  });

  it('are asked for with every claim, so that it does not matter who is first', async () => {
    await prepare({});
    // More than are parked in one step, so that some are claimed.
    const id = await rig.accept(bot, Array(300).fill(people(100)).flat());
    await pause(id);
    await rig.engine.start();
    await rig.clock.advance(5_000);
    assert.equal(rig.sends.length, 0);
    assert.deepEqual(await tally(id), { waiting: 30_000, inFlight: 0, alreadyFinal: 0 });
  });

  it('keep what was claimed by an owner that died, and who may have been sent it', async () => {
    await prepare({});
    const id = await rig.accept(bot, people(2));
    const [state] = await rig.store.listQueues({ after: null, limit: 1 });
    assert.ok(state);
    await rig.store.claimDue({ queue: state.queue, owner: 'dead', leaseMs: 60_000, limit: 1 });
    await pause(id);
    await rig.engine.start();
    await rig.clock.advance(120_000);
    assert.equal(rig.sends.length, 0);
    assert.deepEqual(await tally(id), { waiting: 2, inFlight: 0, alreadyFinal: 0 });
    await resume(id);
    await rig.clock.advance(1_000);
    const logs = await rig.logs(bot, id);
    assert.deepEqual(
      logs.map(({ state, maybeDoubled }) => `${state} ${maybeDoubled}`),
      ['delivered true', 'delivered true'],
    );
  });

  it('stop those whose address is being looked up, and leave alone who looks for the same person', async () => {
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
    await pause(id);
    await rig.clock.advance(1_000);
    gate.resolve();
    await rig.clock.advance(1_000);
    assert.deepEqual(await ends(other), ['delivered 1']);
    assert.deepEqual(await tally(id), { waiting: 2, inFlight: 0, alreadyFinal: 0 });
    await resume(id);
    await rig.clock.advance(1_000);
    assert.deepEqual(await ends(id), ['delivered 1', 'delivered 1']);
  });

  it('end with the deadline, which is the whole time a caller was given and not what a lane would try', async () => {
    await open({ send: () => failed });
    const expiresAt = rig.clock.now() + 12 * MINUTE;
    const id = await rig.accept(bot, people(3), { lane: 'urgent', expiresAt });
    await pause(id);
    rig.engine.heedCallers();
    await rig.clock.advance(11 * MINUTE);
    await resume(id);
    await pause(id);
    assert.deepEqual(await ends(id), []);
    await rig.clock.advance(MINUTE + 1_000);
    assert.deepEqual(await ends(id), Array(3).fill('expired 0'));
    assert.equal(rig.sends.length, 0);
  });

  it('can be followed by a cancel', async () => {
    const { id, answer } = await openWithTwoInFlight();
    await rig.clock.advance(600);
    await rig.store.cancel({ ...keyOf(id), at: rig.clock.now() });
    await rig.clock.advance(600);
    answer(accepted);
    answer(failed);
    await rig.clock.advance(1_000);
    const states = await ends(id);
    assert.deepEqual(new Set(states), new Set(['delivered 1', 'cancelled 1', 'cancelled 0']));
    assert.equal(states.length, 250);
  });

  it('leave other notifications of the same queue alone', async () => {
    await open({ concurrency: 1 });
    const ids = await Promise.all([rig.accept(bot, people(100)), rig.accept(bot, people(100))]);
    const [id = '', other = ''] = ids;
    await pause(id);
    rig.engine.heedCallers();
    await rig.clock.advance(5_000);
    assert.deepEqual(new Set(await ends(other)), new Set(['delivered 1']));
    assert.deepEqual((await tally(id)).inFlight, 0);
  });
});
