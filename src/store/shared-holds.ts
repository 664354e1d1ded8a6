import type { HoldAsk, HoldShare, HoldState } from './port/limits.ts';

/** What is held in one account, by name, in times of the lease clock. */
export type KeptHolds = Readonly<Record<string, KeptHold>>;

interface KeptHold extends Omit<HoldState, 'heldMs'> {
  readonly until: number;
  /** Who finds out, and for how long nobody else does without hearing of it. */
  readonly probe: { readonly node: string; readonly until: number } | null;
}

interface Asker {
  readonly node: string;
  readonly now: number;
  /** When what is given to the asker lapses for all others. */
  readonly until: number;
}

export function mergeHolds(known: KeptHolds, asks: readonly HoldAsk[], asker: Asker): KeptHolds {
  const kept = new Map(Object.entries(known));
  for (const { name, news, probe } of asks) {
    const hold = mergeNews(kept.get(name), news, asker.now);
    if (hold === null) kept.delete(name);
    else kept.set(name, { ...hold, probe: giveProbe(hold, probe && mayCall(kept, name, asker), asker) });
  }
  return Object.fromEntries(kept);
}

export const toHoldShares = (kept: KeptHolds, { node, now }: Pick<Asker, 'node' | 'now'>): HoldShare[] =>
  Object.entries(kept).map(([name, { until, count, successes, why, probe }]) => ({
    name,
    heldMs: Math.max(0, until - now),
    count,
    successes,
    why,
    mayProbe: probe?.node === node && probe.until > now,
  }));

function mergeNews(known: KeptHold | undefined, news: HoldAsk['news'], now: number): KeptHold | null {
  if (news === null) return known ?? null;
  if (news.kind === 'mended') return null;
  const { heldMs, count, successes, why } = news;
  const until = Math.max(known?.until ?? 0, now + heldMs);
  return { until, count: Math.max(known?.count ?? 0, count), successes, why, probe: known?.probe ?? null };
}

function giveProbe({ probe }: KeptHold, isWanted: boolean, { node, now, until }: Asker): KeptHold['probe'] {
  const isAnothers = probe !== null && probe.node !== node && probe.until > now;
  if (isAnothers) return probe;
  return isWanted ? { node, until } : null;
}

/** What is in an account that does not work is probed by who may probe the account, so that no two wait for each other. */
function mayCall(kept: ReadonlyMap<string, KeptHold>, name: string, { node }: Asker): boolean {
  const account = kept.get(ACCOUNT);
  return name === ACCOUNT || account === undefined || account.probe?.node === node;
}

const ACCOUNT = 'breaker';
