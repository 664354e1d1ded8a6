import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { openStore } from './open.ts';

it('counted calls are at no time more than a limit within its window, and come back soon after it', async () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 90_000 }), fc.integer({ min: 1, max: 12 })), {
    maxLength: 80,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const clock = new VirtualClock(1_000_000);
      const store = await openStore('sqlite::memory:', { clock });
      const begun: number[] = [];
      const within = (ms: number) => begun.filter((at) => at + ms > clock.now()).length;
      for (const [waitMs, calls] of plan) {
        await clock.advance(waitMs);
        const asks = [{ botId: 'st-1', calls, perMinute: 10, perHour: 40 }];
        const [count] = await store.countCalls({ asks });
        assert.ok(count);
        // A moment is a second of the last minute, half a minute of the last hour.
        const room = Math.min(10 - within(61_000), 40 - within(3_630_000));
        assert.ok(count.admitted >= Math.min(calls, room), `${count.admitted} of ${calls}, room for ${room}`);
        for (let call = 0; call < count.admitted; call += 1) begun.push(clock.now());
        assert.ok(within(60_000) <= 10 && within(3_600_000) <= 40);
      }
      await store.close();
    }),
    { numRuns: 60 },
  );
});
