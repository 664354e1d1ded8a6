import { lockStates, type StateTable, writeStates } from './locked-states.ts';
import type { RateAsk, RateShare, ShareRates, Slowed } from './port/limits.ts';
import { type KeptHolds, mergeHolds, toHoldShares } from './shared-holds.ts';
import { int, type Row, type Steps, text } from './steps.ts';

/*
 * One row an account. What a node holds is so many calls in any window of the limit's length, which it keeps to by itself
 * and exactly; so the sum over all windows that overlap at the provider is never above the limit, whatever the nodes'
 * clocks say and however long a call takes. Nobody is given what another has not let go, or has not been silent about
 * for so long that its last calls have left the window too.
 */

const SHARES: StateTable = {
  rows: {
    table: 'rate_shares',
    columns: { account: 'text', state: 'text' },
    onConflict: 'ON CONFLICT (account) DO NOTHING',
  },
  key: 'account',
  value: 'state',
  empty: JSON.stringify({ holders: {}, slowed: null, holds: {} }),
};

interface State {
  readonly holders: Readonly<Record<string, Holder>>;
  /** Times of the lease clock. */
  readonly slowed: (Pick<Slowed, 'share' | 'why'> & { readonly at: number; readonly until: number }) | null;
  /** Absent in rows that were written before there were any. */
  readonly holds?: KeptHolds;
}

interface Holder {
  readonly calls: number;
  readonly wants: number;
  readonly until: number;
}

/** The answers, in the order of what was asked. */
export function* shareRates({ node, holdMs, asks }: ShareRates): Steps<RateShare[]> {
  const accounts = asks.map(({ account }) => account);
  const known = yield* lockStates(SHARES, accounts);
  const answers = asks.map((ask) => answer(ask, known.get(ask.account), node, holdMs));
  yield* writeStates(
    SHARES,
    answers.flatMap(({ account, before, after }) => (before === after ? [] : [{ key: account, value: after }])),
  );
  return answers.map(({ share }) => share);
}

function answer(ask: RateAsk, row: Row | undefined, node: string, holdMs: number) {
  if (row === undefined) throw new Error('a row that was locked is gone');
  const [before, now] = [text(row, 'state'), int(row, 'now')];
  const state: State = JSON.parse(before);
  const others = Object.entries(state.holders).filter(([name, { until }]) => name !== node && until > now);
  const fair = fairShare(node, ask, others, now);
  const free = ask.calls - others.reduce((sum, [, { calls }]) => sum + calls, 0);
  const calls = Math.max(ask.keeps, Math.min(fair, free));
  const until = now + holdMs + ask.windowMs + LATE_MS;
  const isHolder = calls > 0 || ask.wants > 0;
  const holders = Object.fromEntries(isHolder ? [...others, [node, { calls, wants: ask.wants, until }]] : others);
  const slowed = mergeSlowed(state.slowed, ask.slowed, now);
  const holds = mergeHolds(state.holds ?? {}, ask.holds, { node, now, until: now + holdMs + LATE_MS });
  const told = slowed === null ? null : since(slowed, now);
  const share: RateShare = { calls, fair, slowed: told, holds: toHoldShares(holds, { node, now }) };
  return { account: ask.account, before, after: JSON.stringify({ holders, slowed, holds }), share };
}

/**
 * What is this node's of the calls, when everybody who wants some gets as many as anybody else. Those that are left over
 * go round by the time, so that where there are more nodes than calls each has its turn.
 */
function fairShare(
  node: string,
  { calls, wants }: RateAsk,
  others: readonly (readonly [string, Holder])[],
  now: number,
): number {
  const names = [node, ...others.map(([name]) => name)].sort();
  const turn = Math.floor(now / TURN_MS) % names.length;
  const open = new Map([[node, wants], ...others.map(([name, holder]) => [name, holder.wants] as const)]);
  const order = [...names.slice(turn), ...names.slice(0, turn)];
  let fair = 0;
  for (let left = calls; left > 0; ) {
    const wanting = order.filter((name) => (open.get(name) ?? 0) > 0);
    if (!wanting.includes(node)) break;
    for (const name of wanting.slice(0, left)) {
      open.set(name, (open.get(name) ?? 0) - 1);
      if (name === node) fair += 1;
    }
    left -= wanting.length;
  }
  return fair;
}

function mergeSlowed(known: State['slowed'], told: Slowed | null, now: number): State['slowed'] {
  if (told !== null) {
    const { share, why, pausedMs, agoMs } = told;
    return { share, why, at: now - agoMs, until: Math.max(known?.until ?? 0, now + pausedMs) };
  }
  return known !== null && known.until + FORGET_MS > now ? known : null;
}

const since = ({ share, why, at, until }: NonNullable<State['slowed']>, now: number): Slowed => ({
  share,
  why,
  agoMs: Math.max(0, now - at),
  pausedMs: Math.max(0, until - now),
});

/** A call may start in the last moment of what was held, and takes its time on the way. */
const LATE_MS = 1_000;
const TURN_MS = 3_000;
/** Longer than any learnt share lasts. */
const FORGET_MS = 60_000;
