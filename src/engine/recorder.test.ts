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
