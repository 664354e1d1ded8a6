import type { Clock } from '../../model/clock.ts';
import { Fault } from '../faults.ts';

const WINDOW_MS = 60_000;
/** So many addresses are kept in mind; of more, whoever was refused longest ago is forgotten. */
const MAX_ADDRESSES = 10_000;

export interface RefusedTokensOptions {
  readonly clock: Clock;
  /** Of one address in a minute; 0: no limit. */
  readonly most: number;
}

interface Refusals {
  /** Of the minute that is counted now; monotonic ms. */
  beganAt: number;
  now: number;
  /** In the minute before, of which less and less counts. */
  before: number;
}

/**
 * How often somebody's tokens were refused, by the address they come from. Whoever guesses is told to wait, and a good
 * token from there is none the slower: it is looked at first. Of this process, and no more of an address than three numbers.
 */
export class RefusedTokens {
  readonly #options: RefusedTokensOptions;
  /** Whoever was refused last is the last. */
  readonly #byAddress = new Map<string, Refusals>();

  constructor(options: RefusedTokensOptions) {
    this.#options = options;
  }

  /** One more was refused: throws what its sender is told. A fault of this server's is not the sender's. */
  refuse(address: string, refusal: unknown): never {
    const { clock, most } = this.#options;
    if (most === 0 || !(refusal instanceof Fault)) throw refusal;
    const now = clock.monotonic();
    const refusals = this.#refusalsOf(address, now);
    const waitMs = waitOf(refusals, most, now);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      throw new Fault('tokens_limited', null, { 'retry-after': String(seconds) });
    }
    refusals.now += 1;
    throw refusal;
  }

  #refusalsOf(address: string, now: number): Refusals {
    const refusals = this.#byAddress.get(address) ?? { beganAt: now, now: 0, before: 0 };
    this.#byAddress.delete(address);
    this.#byAddress.set(address, refusals);
    const minutes = Math.floor((now - refusals.beganAt) / WINDOW_MS);
    if (minutes > 0) {
      refusals.before = minutes === 1 ? refusals.now : 0;
      refusals.now = 0;
      refusals.beganAt += minutes * WINDOW_MS;
    }
    const [longestAgo = ''] = this.#byAddress.keys();
    if (this.#byAddress.size > MAX_ADDRESSES) this.#byAddress.delete(longestAgo);
    return refusals;
  }
}

/** Until one more may be refused as before; 0: it may. */
function waitOf({ beganAt, now: count, before }: Refusals, most: number, now: number): number {
  const passed = now - beganAt;
  if (count >= most) return WINDOW_MS - passed + freeAfter(most - 1, count);
  return Math.max(0, freeAfter(most - count - 1, before) - passed);
}

/** How much of a minute passes until no more than `room` of those in the minute before it count. */
const freeAfter = (room: number, before: number): number =>
  before <= room ? 0 : (WINDOW_MS * (before - room)) / before;
