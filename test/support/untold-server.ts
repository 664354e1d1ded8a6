import type { HoldShare } from '../../src/store/port/limits.ts';
import { serveBroken } from './broken-server.ts';

type Kept = Omit<HoldShare, 'heldMs'> & { readonly until: number };

/** A server with one deliberate fault: it neither tells others what it holds nor hears it, and probes as if alone. */
await serveBroken((store) => {
  const known = new Map<string, Map<string, Kept>>();
  const keptOf = (account: string): Map<string, Kept> => {
    const kept = known.get(account) ?? new Map<string, Kept>();
    known.set(account, kept);
    return kept;
  };
  return {
    ...store,
    async shareRates(request) {
      const now = performance.now();
      for (const { account, holds } of request.asks) {
        const kept = keptOf(account);
        for (const { name, news } of holds) {
          if (news?.kind === 'held') kept.set(name, { ...news, name, until: now + news.heldMs, mayProbe: true });
          if (news?.kind === 'mended') kept.delete(name);
        }
      }
      const shares = await store.shareRates({ ...request, asks: request.asks.map((ask) => ({ ...ask, holds: [] })) });
      return shares.map((share, index) => {
        const kept = keptOf(request.asks[index]?.account ?? '');
        const holds = [...kept.values()].map((hold) => ({ ...hold, heldMs: Math.max(0, hold.until - now) }));
        return { ...share, holds };
      });
    },
  };
});
