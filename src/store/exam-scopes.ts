import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import type { Reserved, ScopeAsk } from './port/limits.ts';
import type { Store } from './port.ts';

const TEAMS = [
  { calls: 7, ms: 1_000 },
  { calls: 8, ms: 2_000 },
  { calls: 60, ms: 30_000 },
];
const PAIR = { burst: 45, everyMs: 6_000 };

/** The part of the exam that is about nodes which call the same conversations. */
export function examineScopes(storeOf: () => Store): void {
  describe('calls to scopes that nodes share', () => {
    const fresh = () => randomId('st');
    const asked = (scope: string, more: Partial<ScopeAsk>): ScopeAsk => ({
      scope,
      windows: TEAMS,
      bucket: null,
      keeps: 0,
      ended: [],
      wants: 0,
      ...more,
    });
    /** Until nobody else asked in the same moment. */
    const ask = async (scope: string, node: string, more: Partial<ScopeAsk>, holdMs = 60_000): Promise<Reserved> => {
      for (;;) {
        const [reserved] = await storeOf().reserveCalls({ node, holdMs, asks: [asked(scope, more)] });
        if (reserved) return reserved;
        assert.equal(reserved, null);
      }
    };

    it('are reserved up to the limit, whoever asks', async () => {
      const scope = fresh();
      assert.deepEqual(await ask(scope, 'a', { wants: 5 }), { granted: 5, waitMs: 0 });
      const { granted, waitMs } = await ask(scope, 'b', { wants: 5 });
      assert.ok(granted === 2 && waitMs > 900 && waitMs <= 1_000, `${granted}, ${waitMs} ms`);
      assert.equal((await ask(fresh(), 'b', { wants: 5 })).granted, 5);
    });

    it('are given back by who does not make them', async () => {
      const scope = fresh();
      await ask(scope, 'a', { wants: 7 });
      assert.equal((await ask(scope, 'b', { wants: 1 })).granted, 0);
      await ask(scope, 'a', { keeps: 4 });
      assert.equal((await ask(scope, 'b', { wants: 7 })).granted, 3);
    });

    it('count for a whole window after they ended, in every window', async () => {
      const scope = fresh();
      await ask(scope, 'a', { wants: 7 });
      await ask(scope, 'a', { ended: [...Array(5).fill(1_100), 500, 0] });
      const { granted, waitMs } = await ask(scope, 'b', { wants: 7 });
      assert.ok(granted === 1 && waitMs > 500 && waitMs <= 900, `${granted}, ${waitMs} ms`);
    });

    it('count as made at the last moment, if their node falls silent', async () => {
      const [silent, over] = [fresh(), fresh()];
      const windows = [{ calls: 7, ms: 1_000 }];
      await ask(silent, 'a', { windows, wants: 7 }, -1_500);
      assert.equal((await ask(silent, 'b', { windows, wants: 7 })).granted, 0);
      await ask(over, 'a', { windows, wants: 7 }, -2_100);
      assert.equal((await ask(over, 'b', { windows, wants: 7 })).granted, 7);
      await ask(over, 'a', { windows, ended: [0] });
      assert.equal((await ask(over, 'a', { windows, wants: 7 })).granted, 0, 'came back');
    });

    it('are kept by who makes them, come what may', async () => {
      const scope = fresh();
      await ask(scope, 'a', { wants: 7 }, -1_500);
      await ask(scope, 'a', { keeps: 2 });
      await ask(scope, 'a', { ended: [0, 0] });
      assert.equal((await ask(scope, 'b', { wants: 1 })).granted, 0);
    });

    it('may be lent from the time to come, and are paid back one by one', async () => {
      const scope = fresh();
      const pair = { windows: [], bucket: PAIR };
      assert.equal((await ask(scope, 'a', { ...pair, wants: 40 })).granted, 40);
      assert.equal((await ask(scope, 'b', { ...pair, wants: 40 })).granted, 5);
      await ask(scope, 'a', { ...pair, ended: Array(40).fill(13_000) });
      await ask(scope, 'b', { ...pair, ended: Array(5).fill(12_500) });
      const { granted, waitMs } = await ask(scope, 'c', { ...pair, wants: 3 });
      assert.ok(granted === 2 && waitMs > 4_000 && waitMs <= 6_000, `${granted}, ${waitMs} ms`);
    });

    it('are never above the limit, whoever asks at once', async () => {
      const scope = fresh();
      const all = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(scope, `n${index}`, { wants: 2 })));
      assert.equal(
        all.reduce((sum, { granted }) => sum + granted, 0),
        7,
      );
    });

    it('are asked for by the dozen, in any order', async () => {
      const scopes = Array.from({ length: 40 }, fresh);
      const once = async (node: string, some: readonly string[]): Promise<number> => {
        const asks = some.map((scope) => asked(scope, { wants: 5 }));
        const answers = await storeOf().reserveCalls({ node, holdMs: 60_000, asks });
        const granted = answers.reduce((sum, answer) => sum + (answer?.granted ?? 0), 0);
        const again = some.filter((_scope, index) => answers[index] === null);
        return again.length === 0 ? granted : granted + (await once(node, again));
      };
      const [one, other] = await Promise.all([once('a', scopes), once('b', scopes.toReversed())]);
      assert.equal(one + other, 7 * scopes.length);
    });

    it('are forgotten when nothing counts any more, and not before', async () => {
      const [over, fullUp] = [fresh(), fresh()];
      await ask(over, 'a', { wants: 7 }, -60_000);
      await ask(fullUp, 'a', { wants: 7 });
      const prune = () => storeOf().prune({ now: 0, limit: 100 });
      assert.ok((await prune()) >= 1);
      while ((await prune()) > 0);
      assert.equal((await ask(fullUp, 'b', { wants: 1 })).granted, 0);
    });
  });
}
