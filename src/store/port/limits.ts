/** What all nodes together may call, and be called. */
export interface Limits {
  /**
   * Divides documented rates between the nodes that use them, and tells each what providers asked of the others, what is
   * held and who of them may find out whether it works again. A node
   * asks again and again while it needs a rate; what it was given lasts `holdMs` from before it asked.
   */
  shareRates(request: ShareRates): Promise<RateShare[]>;
  /**
   * Reserves calls within the limits of scopes that several nodes may call. What was granted may begin for `holdMs` from
   * before it was asked for; then it lapses, and counts as made. In place of an answer null: another node asked for the
   * same scope in the same moment, and nothing of what was asked or told has happened.
   */
  reserveCalls(request: ReserveCalls): Promise<(Reserved | null)[]>;
  /** Admits calls of bots within limits that hold over all nodes, and counts those it admits. */
  countCalls(request: CountCalls): Promise<CallCount[]>;
}

export interface ShareRates {
  readonly node: string;
  readonly holdMs: number;
  /** Each account once. */
  readonly asks: readonly RateAsk[];
}

export interface RateAsk {
  readonly account: string;
  /** The limit: so many calls in any so many ms; 0 calls: there is none to share. */
  readonly calls: number;
  readonly windowMs: number;
  /** What the node cannot let go yet, and keeps to until it has the answer. */
  readonly keeps: number;
  /** How many calls a window it could use. */
  readonly wants: number;
  /** What the provider asked of it since it last told. */
  readonly slowed: Slowed | null;
  /** Each name once, the account's own breaker first: whoever may not call the account probes nothing in it. */
  readonly holds: readonly HoldAsk[];
}

/** Something in an account is not called for a while, or only to find out whether it works again. */
export interface HoldAsk {
  readonly name: string;
  /** What has become of it here since the store was last told; null: nothing. */
  readonly news: ({ readonly kind: 'held' } & HoldState) | { readonly kind: 'mended' } | null;
  /** A probe is out or wanted. */
  readonly probe: boolean;
}

export interface HoldState {
  readonly heldMs: number;
  /** How often it was held without being mended. */
  readonly count: number;
  /** Probes that went well. */
  readonly successes: number;
  readonly why: string;
}

export interface HoldShare extends HoldState {
  readonly name: string;
  /** Nobody else probes until the answer lapses. */
  readonly mayProbe: boolean;
}

/** The provider asked an account to slow down. */
export interface Slowed {
  readonly pausedMs: number;
  /** The share of the rate that was in use from then, to grow from it. */
  readonly share: number;
  readonly agoMs: number;
  readonly why: string;
}

export interface RateShare {
  /** Calls in any window that are the node's; at least what it keeps. */
  readonly calls: number;
  /** What would be its part: if less than it has, others wait for the rest. */
  readonly fair: number;
  readonly slowed: Slowed | null;
  /** All of the account's; what is not named is not held. */
  readonly holds: readonly HoldShare[];
}

export interface ReserveCalls {
  readonly node: string;
  readonly holdMs: number;
  /** Each scope once. */
  readonly asks: readonly ScopeAsk[];
}

/** The same for one scope, whoever asks: all windows hold, and the bucket. */
export interface RateLimits {
  readonly windows: readonly { readonly calls: number; readonly ms: number }[];
  readonly bucket: { readonly burst: number; readonly everyMs: number } | null;
}

export interface ScopeAsk extends RateLimits {
  /** Unique over all accounts. */
  readonly scope: string;
  /** Calls that the node makes now, or still may begin by what it was granted; the rest it lets go. */
  readonly keeps: number;
  /** How many ms ago calls ended that it has not told of yet. */
  readonly ended: readonly number[];
  /** More calls. */
  readonly wants: number;
}

export interface Reserved {
  /** Of those that it wants. */
  readonly granted: number;
  /** When asking for the others may be worth it. */
  readonly waitMs: number;
}

export interface CountCalls {
  /** Each bot once. */
  readonly asks: readonly CallAsk[];
}

export interface CallAsk {
  readonly botId: string;
  readonly calls: number;
  /** Of the bot, rolling; 0: there is no such limit. */
  readonly perMinute: number;
  readonly perHour: number;
}

export interface CallCount {
  /** The first so many of those asked for. */
  readonly admitted: number;
  readonly minute: CallWindow;
  readonly hour: CallWindow;
}

export interface CallWindow {
  /** With those that were admitted now. */
  readonly used: number;
  /** Until a call that counts leaves the window; when it is full until it has room. */
  readonly freeInMs: number;
}
