import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import type { HoldAsk, RateAsk } from './port/limits.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about nodes which share a provider's limits. */
export function examineRateShares(storeOf: () => Store): void {
  describe('rates that nodes share', () => {
    const fresh = () => `https://provider ${randomId('st')}`;
    const ask = async (account: string, node: string, more: Partial<RateAsk> = {}, holdMs = 60_000) => {
      const asked = { account, calls: 30, windowMs: 1_000, keeps: 0, wants: 30, slowed: null, holds: [], ...more };
      const [share] = await storeOf().shareRates({ node, holdMs, asks: [asked] });
      assert.ok(share);
      return share;
    };

    it('are all of one node where there is no other', async () => {
      assert.deepEqual(await ask(fresh(), 'a'), { calls: 30, fair: 30, slowed: null, holds: [] });
      assert.equal((await ask(fresh(), 'a', { wants: 3 })).calls, 3);
    });

    it('are never given twice: a second node gets what the first lets go, and then half', async () => {
      const account = fresh();
      await ask(account, 'a');
      assert.deepEqual(await ask(account, 'b'), { calls: 0, fair: 15, slowed: null, holds: [] });
      assert.deepEqual(await ask(account, 'a', { keeps: 20 }), { calls: 20, fair: 15, slowed: null, holds: [] });
      assert.equal((await ask(account, 'b')).calls, 10);
      assert.equal((await ask(account, 'a', { keeps: 12 })).calls, 15);
      assert.equal((await ask(account, 'b', { keeps: 10 })).calls, 15);
    });

    it('go to who wants them', async () => {
      const account = fresh();
      assert.equal((await ask(account, 'a', { wants: 4 })).calls, 4);
      assert.equal((await ask(account, 'b')).calls, 26);
      assert.equal((await ask(account, 'a', { wants: 0 })).calls, 0);
      assert.equal((await ask(account, 'b', { keeps: 26 })).calls, 30);
    });

    it('come back from a node that fell silent, a window later', async () => {
      const account = fresh();
      await ask(account, 'a', {}, -2_100);
      assert.equal((await ask(account, 'b')).calls, 30, 'silent for long enough');
      await ask(account, 'c', { keeps: 30 }, -1_500);
      assert.equal((await ask(account, 'd')).calls, 0, 'its last calls still count');
    });

    it('have room for more nodes than calls: they take turns', async () => {
      const account = fresh();
      const nodes = ['a', 'b', 'c', 'd'];
      for (const node of nodes) await ask(account, node, { calls: 2, wants: 2 });
      const fair = await Promise.all(
        nodes.map(async (node) => (await ask(account, node, { calls: 2, wants: 2 })).fair),
      );
      assert.ok(fair.every((calls) => calls <= 1) && fair.includes(1) && fair.includes(0), fair.join());
    });

    it('are never above the limit, whoever asks at once', async () => {
      const account = fresh();
      const shares = await Promise.all(
        Array.from({ length: 12 }, (_, index) => ask(account, `n${index}`, { keeps: 0 })),
      );
      assert.ok(shares.reduce((sum, { calls }) => sum + calls, 0) <= 30);
    });

    it('carry what the provider asked of one to all', async () => {
      const account = fresh();
      const slowed = { pausedMs: 20_000, share: 0.5, agoMs: 100, why: 'HTTP 429' };
      await ask(account, 'a', { slowed });
      const told = (await ask(account, 'b')).slowed;
      assert.ok(told && told.pausedMs > 19_000 && told.pausedMs <= 20_000 && told.agoMs >= 100);
      assert.deepEqual([told.share, told.why], [0.5, 'HTTP 429']);
      assert.equal((await ask(fresh(), 'b')).slowed, null);
    });

    it('are held for all, and one node at a time finds out', async () => {
      const account = fresh();
      const held = { kind: 'held', heldMs: 20_000, count: 2, successes: 1, why: 'HTTP 401' } as const;
      const hold = (probe: boolean, news: HoldAsk['news'] = null) => [{ name: 'cn-1', news, probe }];
      await ask(account, 'a', { holds: hold(false, held) });
      const [told] = (await ask(account, 'b')).holds;
      assert.ok(told && told.heldMs > 19_000 && told.heldMs <= 20_000);
      assert.deepEqual([told.count, told.successes, told.why, told.mayProbe], [2, 1, 'HTTP 401', false]);
      const probes = async (node: string, probe: boolean, holdMs?: number) =>
        (await ask(account, node, { holds: hold(probe) }, holdMs)).holds[0]?.mayProbe;
      assert.deepEqual(
        [await probes('a', true), await probes('b', true), await probes('a', true)],
        [true, false, true],
      );
      assert.equal(await probes('a', false), false);
      assert.equal(await probes('b', true, -1_100), false, 'was given for a time that is over');
      assert.equal(await probes('a', true), true, 'the one before fell silent');
      assert.deepEqual((await ask(account, 'a', { holds: hold(false, { kind: 'mended' }) })).holds, []);
      assert.deepEqual((await ask(account, 'b')).holds, []);
    });

    it('are probed in an account that does not work by who may probe the account', async () => {
      const account = fresh();
      const news = { kind: 'held', heldMs: 0, count: 1, successes: 0, why: 'HTTP 503' } as const;
      const breaker = { name: 'breaker', news: null, probe: true };
      const connection = { name: 'cn-1', news: null, probe: true };
      const all = [breaker, connection].map((hold) => ({ ...hold, news, probe: false }));
      await ask(account, 'a', { holds: all });
      const mine = async (node: string, holds: readonly HoldAsk[]) =>
        (await ask(account, node, { holds })).holds.filter(({ mayProbe }) => mayProbe).map(({ name }) => name);
      assert.deepEqual(await mine('a', [breaker]), ['breaker']);
      assert.deepEqual(await mine('b', [breaker, connection]), []);
      assert.deepEqual(await mine('a', [{ ...breaker, probe: false }]), []);
      assert.deepEqual(await mine('b', [breaker, connection]), ['breaker', 'cn-1']);
    });

    it('are asked for by the dozen, in any order', async () => {
      const accounts = Array.from({ length: 12 }, fresh);
      const asks = accounts.map((account, index) => ({
        account,
        calls: index + 1,
        windowMs: 1_000,
        keeps: 0,
        wants: 100,
        slowed: null,
        holds: [],
      }));
      const [one, other] = await Promise.all(
        [asks, asks.toReversed()].map((some, node) =>
          storeOf().shareRates({ node: `${node}`, holdMs: 1_000, asks: some }),
        ),
      );
      const sums = accounts.map((_, index) => (one?.[index]?.calls ?? 0) + (other?.[11 - index]?.calls ?? 0));
      assert.deepEqual(
        sums,
        accounts.map((_, index) => index + 1),
      );
    });
  });
}
