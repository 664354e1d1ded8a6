import type { Outlet } from './outlet.ts';

/** How fast a connection sends at present, and why not faster. Times in ms from now; 0: not so. */
export type ConnectionState = {
  readonly rate: {
    /** Calls a second by the provider's documentation; null: none documented. */
    readonly documented: number | null;
    /** What the account is held to by configuration and documentation; null: to nothing. */
    readonly allowed: number | null;
    /** What is used of it since the provider last asked to slow down; null: no rate. */
    readonly now: number | null;
    /** `now` as a share of `allowed`, 0 to 1. */
    readonly share: number;
  };
  /** The provider asked the whole account to wait. */
  readonly pausedMs: number;
  /** The provider refused the connection, or fails. */
  readonly heldMs: number;
  /** What the provider said that holds sends up at present; null: nothing does. */
  readonly why: string | null;
  /** Recipients that are claimed and neither in flight nor being looked up. */
  readonly waiting: number;
  readonly inFlight: number;
  readonly lookUps: {
    /** Recipients whose address is being looked up. */
    readonly waiting: number;
    /** What the provider said that holds look-ups up; null: nothing does. */
    readonly why: string | null;
  };
};

export function describeOutlet(outlet: Outlet, now: number): ConnectionState {
  const { channel, account, holds, finder, isUnlimited } = outlet;
  const { pace } = account;
  const allowed = isUnlimited ? null : pace.perSecond;
  const share = pace.share(now);
  return {
    rate: {
      documented: channel.defaults.perSecond,
      allowed,
      now: allowed === null ? null : Math.round(allowed * share * 100) / 100,
      share: Math.round(share * 1_000) / 1_000,
    },
    pausedMs: Math.ceil(pace.pausedMs(now)),
    heldMs: Math.ceil(holds.heldMs(now)),
    why: holds.why ?? pace.why(now),
    waiting: outlet.waiting,
    inFlight: outlet.inFlight,
    lookUps: { waiting: finder.size, why: finder.why },
  };
}
