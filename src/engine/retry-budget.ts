import type { Outcome } from '../model/outcome.ts';
import { RecentSum } from './recent-sum.ts';

/**
 * How much of an account's calls may be second tries: a tenth of the first tries of the last minute, and ten a minute
 * however few those are. What a retry gains costs nothing: it counts while it is under way, and for a minute if it
 * failed again, twice if it ran out of time. So a provider that is mended gets everybody at once, and one that is ailing
 * gets no more than it already has.
 */
export class RetryBudget {
  readonly #firsts = new RecentSum(SPAN_MS);
  readonly #wasted = new RecentSum(SPAN_MS);
  readonly #putOffs = new RecentSum(SPAN_MS);
  #underWay = 0;

  /** One more retry may start now. */
  hasRoom(now: number): boolean {
    return this.#wasted.total(now) + this.#underWay < this.#budget(now);
  }

  /** Ms after which to come back, for who found no room; longer the more there are, so that waiting costs little. */
  putOff(now: number): number {
    this.#putOffs.add(now, 1);
    const crowdMs = Math.min(MAX_CROWD_MS, this.#putOffs.total(now) * EACH_MS);
    const isSpent = this.#wasted.total(now) >= this.#budget(now);
    return crowdMs + Math.max(MOMENT_MS, isSpent ? this.#wasted.lastsMs(now) : 0);
  }

  start(isRetry: boolean, now: number): void {
    if (isRetry) this.#underWay += 1;
    else this.#firsts.add(now, 1);
  }

  end(isRetry: boolean, outcome: Outcome, now: number): void {
    if (!isRetry) return;
    this.#underWay -= 1;
    this.#wasted.add(now, costOf(outcome));
  }

  #budget(now: number): number {
    return Math.max(FLOOR, Math.floor(this.#firsts.total(now) * SHARE));
  }
}

function costOf(outcome: Outcome): number {
  if (outcome.kind !== 'failed' && outcome.kind !== 'unknown') return 0;
  return outcome.reason === 'provider_timeout' ? 2 : 1;
}

const SPAN_MS = 60_000;
const SHARE = 0.1;
const FLOOR = 10;
const MOMENT_MS = 250;
const EACH_MS = 10;
const MAX_CROWD_MS = 60_000;
