import type { Clock } from '../../model/clock.ts';
import { Fault } from '../faults.ts';
import { networkOf } from '../network-of.ts';
import { UnprovenToken } from './unproven-token.ts';

const WINDOW_MS = 60_000;
/** So many addresses are kept in mind, and so many apps; of more, whoever was refused longest ago is forgotten. */
const MAX_KEPT = 10_000;

export interface RefusedTokensOptions {
  readonly clock: Clock;
  /** Of one address, and of one app, in a minute; 0: no limit. */
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
 * How often tokens were refused, by the address they come from and by the app they say they are of. Whoever guesses is told
 * to wait, and a good token from there or of that app is none the slower: it is looked at first. Of this process, and no
 * more of each than its name and three numbers.
 */
export class RefusedTokens {
  readonly #options: RefusedTokensOptions;
  readonly #byAddress = new Map<string, Refusals>();
  readonly #byApp = new Map<string, Refusals>();

  constructor(options: RefusedTokensOptions) {
    this.#options = options;
  }

  /** One more was refused: throws what its sender is told. A fault of this server's is not the sender's. */
  refuse(address: string, refusal: unknown): never {
    const { clock, most } = this.#options;
    if (most === 0 || !(refusal instanceof Fault)) throw refusal;
    const now = clock.monotonic();
    const ofAddress = refusalsOf(networkOf(address), this.#byAddress, now);
    limit(ofAddress, most, now);
    ofAddress.now += 1;
    // After the address: whoever is told to wait already does not push what is counted of the app any further.
    if (refusal instanceof UnprovenToken && refusal.claimed !== null) {
      const ofApp = refusalsOf(refusal.claimed, this.#byApp, now);
      limit(ofApp, most, now);
      ofApp.now += 1;
    }
    throw refusal;
  }
}

function refusalsOf(whose: string, kept: Map<string, Refusals>, now: number): Refusals {
  const refusals = kept.get(whose) ?? { beganAt: now, now: 0, before: 0 };
  // Whoever was refused last is the last.
  kept.delete(whose);
  kept.set(whose, refusals);
  const minutes = Math.floor((now - refusals.beganAt) / WINDOW_MS);
  if (minutes > 0) {
    refusals.before = minutes === 1 ? refusals.now : 0;
    refusals.now = 0;
    refusals.beganAt += minutes * WINDOW_MS;
  }
  const [longestAgo = ''] = kept.keys();
  if (kept.size > MAX_KEPT) kept.delete(longestAgo);
  return refusals;
}

function limit(refusals: Refusals, most: number, now: number): void {
  const waitMs = waitOf(refusals, most, now);
  if (waitMs > 0) throw new Fault('tokens_limited', null, { 'retry-after': String(Math.ceil(waitMs / 1_000)) });
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
