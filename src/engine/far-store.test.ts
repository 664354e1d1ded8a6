import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EngineRig, openEngineRig } from '../../test/support/engine-rig.ts';

describe('with a database that is far away', () => {
  const wait = (rig: EngineRig, ms: number) => new Promise<void>((resolve) => rig.clock.after(ms, resolve));

  it('claims although something new comes during every listing of queues', async (test) => {
    const rig = await openEngineRig();
    test.after(() => rig.close());
    const [bot] = rig.bots;
    assert.ok(bot !== undefined);
    const { listQueues } = rig.store;
    rig.store.listQueues = async (request) => {
      const listed = await listQueues(request);
      rig.engine.wake();
      await wait(rig, 200);
      return listed;
    };
    await rig.know(bot, ['ann']);
    await rig.accept(bot, ['ann']);
    await rig.engine.start();
    await rig.clock.advance(2_000);
    assert.equal(rig.sends.length, 1);
  });

  it('serves other queues while it waits to hear whom one is for', async (test) => {
    const rig = await openEngineRig({ bots: 2 });
    test.after(() => rig.close());
    const { resolve } = rig.store;
    let slow: string | null = null;
    rig.store.resolve = async (request) => {
      slow ??= request.botId;
      await wait(rig, request.botId === slow ? 5_000 : 0);
      return resolve(request);
    };
    for (const bot of rig.bots) {
      await rig.know(bot, ['ann']);
      await rig.accept(bot, ['ann']);
    }
    await rig.engine.start();
    await rig.clock.advance(1_000);
    assert.equal(rig.sends.length, 1);
    assert.notEqual(rig.sends[0]?.botId, slow);
    await rig.clock.advance(5_000);
    assert.equal(rig.sends.length, 2);
  });

  it('takes no batch for lost whose last checkpoint is not answered yet', async (test) => {
    const rig = await openEngineRig();
    test.after(() => rig.close());
    const [bot] = rig.bots;
    assert.ok(bot !== undefined);
    const { checkpoint } = rig.store;
    rig.store.checkpoint = async (request) => {
      const answer = await checkpoint(request);
      await wait(rig, 10_000);
      return answer;
    };
    await rig.know(bot, ['ann']);
    await rig.accept(bot, ['ann']);
    await rig.engine.start();
    await rig.clock.advance(15_000);
    assert.equal(rig.lines.filter((line) => line.includes('batch lost')).length, 0);
    assert.equal(rig.lines.filter((line) => line.includes('batch attempted')).length, 1);
  });
});
