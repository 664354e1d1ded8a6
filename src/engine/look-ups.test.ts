import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type EngineRig, openEngineRig, type RigBot, type RigOptions } from '../../test/support/engine-rig.ts';
import type { LookUp } from '../channels/contract.ts';

const found = (channelId: string): LookUp => ({ kind: 'found', address: { channelId, reference: null } });
const absent: LookUp = { kind: 'absent' };
const forbidden: LookUp = {
  kind: 'unavailable',
  outcome: { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail: 'missing_scope' },
};
const busy: LookUp = {
  kind: 'unavailable',
  outcome: { kind: 'busy', scope: 'connection', retryAfterMs: 30_000, detail: '429' },
};

const people = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}${index}@x.org`);

describe('look-ups', () => {
  let rig: EngineRig;
  let bot: RigBot;
  afterEach(() => rig.close());

  async function open(options: RigOptions): Promise<void> {
    rig = await openEngineRig({ perSecond: 0, ...options });
    const [first] = rig.bots;
    assert.ok(first);
    bot = first;
    await rig.engine.start();
  }
  const outcomes = async (id: string) => (await rig.logs(bot, id)).map(({ state, reason }) => reason ?? state);

  it('are made in bulk, each identity once, while known people are sent their messages', async () => {
    const calls: (readonly string[])[] = [];
    const gate = Promise.withResolvers<void>();
    await open({
      async lookUp(identities) {
        calls.push(identities);
        await gate.promise;
        return identities.map((identity) => found(`found:${identity}`));
      },
    });
    await rig.know(bot, people('known', 100));
    const id = await rig.accept(bot, [...people('new', 60), ...people('new', 60), ...people('known', 100)]);
    await rig.clock.advance(500);
    await rig.accept(bot, people('new', 1));
    await rig.clock.advance(500);
    assert.equal(rig.sends.length, 100, 'the known have theirs');
    assert.deepEqual([...calls.flat()].sort(), people('new', 60).sort());
    gate.resolve();
    await rig.clock.advance(1_000);
    assert.equal(rig.sends.length, 221);
    assert.deepEqual(new Set(await outcomes(id)), new Set(['delivered']));
    await rig.accept(bot, people('new', 60));
    await rig.clock.advance(1_000);
    assert.equal(calls.flat().length, 60, 'what was found is known from now on');
  });

  it('remember for ten minutes who is not there', async () => {
    let asked = 0;
    await open({
      async lookUp(identities) {
        asked += identities.length;
        return identities.map(() => absent);
      },
    });
    for (const [waitMs, expected] of [
      [0, 1],
      [300_000, 1],
      [300_001, 2],
    ] as const) {
      await rig.clock.advance(waitMs);
      const id = await rig.accept(bot, ['nobody@x.org']);
      await rig.clock.advance(1_000);
      assert.deepEqual(await outcomes(id), ['not_associated']);
      assert.equal(asked, expected);
    }
    assert.equal(rig.sends.length, 0);
  });

  it('that are busy delay those concerned, at no cost, and nobody else', async () => {
    let asked = 0;
    await open({
      async lookUp(identities) {
        asked += 1;
        return identities.map((identity) => (asked === 1 ? busy : found(identity)));
      },
    });
    await rig.know(bot, ['known@x.org']);
    const id = await rig.accept(bot, ['new@x.org']);
    await rig.clock.advance(1_000);
    await rig.accept(bot, ['known@x.org', 'other@x.org']);
    await rig.clock.advance(1_000);
    assert.deepEqual([rig.sends.length, asked], [1, 1], 'nobody else is looked up meanwhile');
    await rig.clock.advance(35_000);
    assert.equal(rig.sends.length, 3);
    assert.deepEqual(
      (await rig.logs(bot, id)).map(({ attempts }) => attempts),
      [1],
    );
  });

  it('that wait for a call go back as soon as a limit is told of', async () => {
    const gate = Promise.withResolvers<void>();
    let asked = 0;
    await open({
      async lookUp(identities) {
        asked += 1;
        await gate.promise;
        return identities.map(() => busy);
      },
    });
    for (const name of ['one', 'two', 'three']) {
      await rig.accept(bot, [`${name}@x.org`]);
      await rig.clock.advance(10);
    }
    assert.equal(rig.engine.describeConnection(bot.connectionId)?.lookUps.waiting, 3);
    gate.resolve();
    await rig.clock.advance(1_000);
    assert.deepEqual([rig.engine.snapshot().batchesHeld, rig.sends.length, asked], [0, 0, 2]);
  });

  it('that are forbidden are held by themselves, said in the log, and go on when they are allowed', async () => {
    let allowed = false;
    await open({ lookUp: async (identities) => identities.map((it) => (allowed ? found(it) : forbidden)) });
    await rig.know(bot, people('known', 50));
    const id = await rig.accept(bot, ['new@x.org', ...people('known', 50)]);
    await rig.clock.advance(1_000);
    assert.equal(rig.sends.length, 50);
    assert.ok(rig.lines.includes('error look-ups held: missing_scope'));
    const state = rig.engine.describeConnection(bot.connectionId);
    assert.deepEqual([state?.heldMs, state?.lookUps.why], [0, 'missing_scope']);
    allowed = true;
    await rig.clock.advance(120_000);
    assert.ok(rig.lines.includes('info look-ups mended'));
    assert.deepEqual(new Set(await outcomes(id)), new Set(['delivered']));
  });

  it('have room for so many; the others come back and hold nobody up', async () => {
    const gate = Promise.withResolvers<void>();
    await open({
      concurrency: 1_000,
      async lookUp(identities) {
        await gate.promise;
        return identities.map((identity) => found(identity));
      },
    });
    await rig.know(bot, ['known@x.org']);
    await rig.accept(bot, people('new', 6_000));
    await rig.accept(bot, ['known@x.org']);
    await rig.clock.advance(3_000);
    assert.equal(rig.sends.length, 1, 'the known one has its message');
    assert.ok((rig.engine.describeConnection(bot.connectionId)?.lookUps.waiting ?? 0) <= 4_000);
    gate.resolve();
    await rig.clock.advance(60_000);
    assert.equal(rig.sends.length, 6_001);
  });

  it('end at a deadline of their own, and keep the lease until then', async () => {
    await open({
      lookUp: (identities, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(identities.map(() => busy)))),
    });
    await rig.accept(bot, ['new@x.org']);
    await rig.clock.advance(89_000);
    assert.equal(rig.engine.snapshot().batchesHeld, 1);
    await rig.clock.advance(2_000);
    assert.equal(rig.engine.snapshot().batchesHeld, 0);
  });

  it('are broken off by a drain, and their recipients given back unspent', async () => {
    let aborted = false;
    await open({
      lookUp: (_identities, signal) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return new Promise(() => {});
      },
    });
    await rig.accept(bot, people('new', 3));
    await rig.clock.advance(1_000);
    await Promise.all([rig.engine.drain(15_000), rig.clock.advance(1_000)]);
    assert.equal(aborted, true);
    const queue = { lane: 'normal', size: 'small', ...bot } as const;
    const [batch] = await rig.store.claimDue({ queue, owner: 'another', leaseMs: 1_000, limit: 1 });
    assert.deepEqual([batch?.recipients.length, batch?.takeovers], [3, 0]);
    assert.ok(batch?.recipients.every(({ attempts, maybeSent }) => attempts === 0 && !maybeSent));
  });

  it('that throw or answer for too few are tried again', async () => {
    let asked = 0;
    await open({
      async lookUp(identities) {
        asked += 1;
        if (asked === 1) throw new Error('bug');
        return asked === 2 ? [] : identities.map((identity) => found(identity));
      },
    });
    const id = await rig.accept(bot, ['new@x.org']);
    await rig.clock.advance(60_000);
    assert.deepEqual(await outcomes(id), ['delivered']);
  });
});
