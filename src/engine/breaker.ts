import type { Outcome } from '../model/outcome.ts';
import { Hold } from './hold.ts';
import type { Nodes } from './nodes.ts';
import { RecentSum } from './recent-sum.ts';

export type BreakerNews =
  | { readonly kind: 'opened'; readonly detail: string; readonly heldMs: number }
  | { readonly kind: 'closed' };

/**
 * Stops calling a provider that fails half of what it is asked: nothing is sent to the account for a while, then one
 * probe at a time until three went well, in a row or not: a provider that fails every other call still gets its turns.
 * What was under way when it opened has no say in that; it was sent to the provider as it was then.
 */
export class Breaker {
  readonly hold: Hold;
  readonly #calls = new RecentSum(SPAN_MS);
  readonly #faults = new RecentSum(SPAN_MS);
  #mends = 0;

  constructor(nodes: Pick<Nodes, 'want'> | null = null) {
    this.hold = new Hold({ mendedAfter: MENDED_AFTER, nodes });
  }

  /** A send has ended. Answers what is worth telling: that it opened, or closed for good; not each of its probes. */
  note(outcome: Outcome, { isProbe }: { readonly isProbe: boolean }, now: number): BreakerNews | null {
    const fault = faultOf(outcome);
    if (this.hold.probing) return isProbe ? this.#noteProbe(outcome, fault, now) : null;
    this.#forgetMended();
    this.#calls.add(now, 1);
    if (fault === null) return null;
    this.#faults.add(now, 1);
    const [calls, faults] = [this.#calls.total(now), this.#faults.total(now)];
    if (calls < MIN_CALLS || faults < calls * MAX_SHARE) return null;
    const detail = `${faults} of ${calls} sends failed within ${SPAN_MS / 1_000} s, at last: ${fault}`;
    return { kind: 'opened', detail, heldMs: this.hold.begin(now, detail) };
  }

  #noteProbe(outcome: Outcome, fault: string | null, now: number): BreakerNews | null {
    if (fault !== null) this.hold.begin(now, fault);
    // Being asked to slow down says neither.
    if (fault !== null || outcome.kind === 'busy' || !this.hold.succeed()) return null;
    return { kind: 'closed' };
  }

  /** What was counted before a hold ended, here or on another node, says nothing about the provider as it is now. */
  #forgetMended(): void {
    if (this.#mends === this.hold.mends) return;
    this.#mends = this.hold.mends;
    this.#calls.clear();
    this.#faults.clear();
  }
}

/** The provider failed, or could not be reached. A definite no is an answer like any other; our own bugs are not its fault. */
function faultOf(outcome: Outcome): string | null {
  const isFault = outcome.kind === 'failed' || outcome.kind === 'unknown';
  return isFault && outcome.reason !== 'internal_error' ? outcome.detail : null;
}

const SPAN_MS = 20_000;
const MIN_CALLS = 20;
const MAX_SHARE = 0.5;
const MENDED_AFTER = 3;
