import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accepted, openEngineRig } from '../../test/support/engine-rig.ts';

it('records what ends while a slow checkpoint is under way', async (test) => {
  const rig = await openEngineRig({
    send: async ({ seq }) => {
      // The second answers while the first is being recorded.
      await new Promise<void>((resolve) => rig.clock.after(100 * seq, resolve));
      return accepted;
    },
  });
  test.after(() => rig.close());
  const { checkpoint } = rig.store;
  rig.store.checkpoint = async (request) => {
    await new Promise<void>((resolve) => rig.clock.after(200, resolve));
    return checkpoint(request);
  };
  const [bot] = rig.bots;
  assert.ok(bot !== undefined);
  await rig.know(bot, ['ann', 'bob']);
  const notificationId = await rig.accept(bot, ['ann', 'bob']);
  await rig.engine.start();
  await rig.clock.advance(2_000);
  assert.deepEqual(
    (await rig.logs(bot, notificationId)).map(({ state }) => state),
    ['delivered', 'delivered'],
  );
});

/** A checkpoint that takes so long, and a crowd that wants more than the recorder has room for. */
async function crowd(checkpointMs: number) {
  const rig = await openEngineRig({ concurrency: 50 });
  const { checkpoint } = rig.store;
  const unrecorded: number[] = [];
  let recorded = 0;
  rig.store.checkpoint = async (request) => {
    await new Promise<void>((resolve) => rig.clock.after(checkpointMs, resolve));
    const answer = await checkpoint(request);
    unrecorded.push(rig.sends.length - recorded);
    recorded += request.batches.flatMap(({ logs }) => logs).length;
    return answer;
  };
  const [bot] = rig.bots;
  assert.ok(bot !== undefined);
  const people = Array.from({ length: 2_000 }, (_, index) => `person-${index}`);
  await rig.know(bot, people);
  const notificationId = await rig.accept(bot, people);
  await rig.engine.start();
  for (let step = 0; step < 200 && recorded < people.length; step += 1) await rig.clock.advance(50);
  const logs = await rig.logs(bot, notificationId);
  await rig.close();
  return { most: Math.max(...unrecorded), delivered: logs.filter(({ state }) => state === 'delivered').length };
}

it('has never more than a crash may repeat that is not recorded', async () => {
  const { most, delivered } = await crowd(80);
  assert.equal(delivered, 2_000);
  // 0.9 of 240 for whoever is not urgent; what was in flight when that was reached comes on top.
  assert.ok(most > 180 && most <= 216 + 50, `${most} were not recorded`);
});

it('has room for more where the database is far away', async () => {
  const { most, delivered } = await crowd(150);
  assert.equal(delivered, 2_000);
  assert.ok(most > 216 + 50 && most <= 504 + 50, `${most} were not recorded`);
});

it('does not make the last outcome wait for company', async (test) => {
  const rig = await openEngineRig();
  test.after(() => rig.close());
  const [bot] = rig.bots;
  assert.ok(bot !== undefined);
  await rig.know(bot, ['ann']);
  const notificationId = await rig.accept(bot, ['ann']);
  await rig.engine.start();
  await rig.clock.advance(10);
  assert.deepEqual(
    (await rig.logs(bot, notificationId)).map(({ state }) => state),
    ['delivered'],
  );
});
