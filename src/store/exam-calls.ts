import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about limits on how often a bot is called. */
export function examineCalls(storeOf: () => Store): void {
  describe('calls that are counted', () => {
    const fresh = () => randomId('st');
    const count = async (botId: string, calls: number, { perMinute = 10, perHour = 0 } = {}) => {
      const [answer] = await storeOf().countCalls({ asks: [{ botId, calls, perMinute, perHour }] });
      assert.ok(answer);
      return answer;
    };

    it('are admitted up to the limit and not one more', async () => {
      const bot = fresh();
      assert.equal((await count(bot, 7)).admitted, 7);
      const { admitted, minute } = await count(bot, 7);
      assert.deepEqual([admitted, minute.used], [3, 10]);
      assert.ok(minute.freeInMs > 50_000 && minute.freeInMs <= 60_000, `${minute.freeInMs}`);
      assert.equal((await count(bot, 1)).admitted, 0);
      assert.equal((await count(fresh(), 1)).admitted, 1);
    });

    it('hold in both windows, the narrower first, and each may be off', async () => {
      const bot = fresh();
      const first = await count(bot, 9, { perMinute: 10, perHour: 6 });
      assert.deepEqual([first.admitted, first.minute.used, first.hour.used], [6, 6, 6]);
      assert.ok(first.hour.freeInMs > 3_590_000 && first.hour.freeInMs <= 3_600_000);
      assert.equal((await count(bot, 9, { perMinute: 7, perHour: 0 })).admitted, 1);
      assert.equal((await count(bot, 9, { perMinute: 0, perHour: 0 })).admitted, 9);
    });

    it('are never above the limit, whoever asks at once', async () => {
      const [one, other] = [fresh(), fresh()];
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) => {
          const asks = [one, other].map((botId) => ({ botId, calls: 2, perMinute: 11, perHour: 100 }));
          return storeOf().countCalls({ asks: index % 2 ? asks : asks.toReversed() });
        }),
      );
      const admitted = answers.flat().map((answer) => answer.admitted);
      assert.equal(
        admitted.reduce((sum, calls) => sum + calls, 0),
        22,
      );
    });
  });
}
