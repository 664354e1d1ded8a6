import type { Clock, Random } from '../model/clock.ts';
import { Breaker } from './breaker.ts';
import { Pace } from './pace.ts';
import { RetryBudget } from './retry-budget.ts';
import { ScopeState } from './scope-state.ts';
import { Scopes } from './scopes.ts';

/** Somebody who wants to make calls. */
export interface Caller {
  /** Pays no heed to the rate; a pause holds for everybody. */
  readonly isUnlimited: boolean;
  pump(): void;
}

/**
 * What is shared by all connections that spend one quota at a provider: the rate, its pauses, what it has learnt,
 * whether the provider works, how much of it may be retries, and the narrower scopes. Those who have to wait stand in line and are let in one call at a time, so that one bot's flood
 * takes no more than its turns.
 */
export class Account {
  readonly pace: Pace;
  readonly scopes = new Scopes();
  readonly breaker = new Breaker();
  readonly retries = new RetryBudget();
  readonly #clock: Clock;
  /** The documented rate as a window that is never exceeded; the pace within only spreads the calls over it. */
  readonly #second: ScopeState | null;
  readonly #line = new Set<Caller>();
  #turnOf: Caller | null = null;
  #cancelTimer: (() => void) | null = null;

  /** `perSecond` null or 0: no rate. */
  constructor(perSecond: number | null, clock: Clock, random: Random) {
    this.pace = new Pace(perSecond, random);
    this.#clock = clock;
    this.#second = perSecond ? new ScopeState({ windows: [windowOf(perSecond)] }, clock.monotonic()) : null;
  }

  /** True: one call starts now, and is counted until `end`. False: the caller is in line and will be pumped. */
  take(caller: Caller): boolean {
    const now = this.#clock.monotonic();
    if (caller.isUnlimited || this.#second === null) return this.pace.pausedMs(now) === 0 || this.#queue(caller, now);
    const isBehindOthers = this.#line.size > 0 && this.#turnOf !== caller;
    if (isBehindOthers || this.#waitMs(now) > 0) return this.#queue(caller, now);
    this.#turnOf = null;
    this.pace.count(now);
    this.#second.start();
    return true;
  }

  /** A call that was taken has ended. */
  end(caller: Caller): void {
    if (caller.isUnlimited || this.#second === null) return;
    this.#second.end(this.#clock.monotonic());
    if (this.#line.size > 0 && this.#cancelTimer === null) this.#serve();
  }

  #queue(caller: Caller, now: number): false {
    this.#line.add(caller);
    if (this.#turnOf === null) this.#serveAfter(this.#waitMs(now));
    return false;
  }

  #serve(): void {
    for (const caller of this.#line) {
      const waitMs = this.#waitMs(this.#clock.monotonic());
      if (waitMs > 0) {
        this.#serveAfter(waitMs);
        return;
      }
      // Whoever has nothing to send any more is out of the line by not coming back.
      this.#line.delete(caller);
      this.#turnOf = caller;
      caller.pump();
      this.#turnOf = null;
    }
  }

  #serveAfter(waitMs: number): void {
    // The end of a call will tell.
    if (this.#cancelTimer !== null || waitMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      this.#cancelTimer = null;
      this.#serve();
    });
  }

  #waitMs(now: number): number {
    return Math.max(this.pace.waitMs(now), this.#second?.waitMs(now) ?? 0);
  }
}

/** Rates below one a second are a longer window; of a broken one only whole calls fit. */
const windowOf = (perSecond: number) =>
  perSecond < 1 ? { calls: 1, ms: 1_000 / perSecond } : { calls: Math.floor(perSecond), ms: 1_000 };
