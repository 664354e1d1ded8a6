import { hash } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import type { Store } from '../../store/port.ts';
import { Fault } from '../faults.ts';
import { networkOf } from '../network-of.ts';

const WINDOW_MS = 15 * 60_000;

/**
 * How often somebody may guess in a window, over all nodes. An account bears more from everywhere than from one address, so
 * that whoever guesses does not lock its owner out; an address may be that of a whole company.
 */
const LIMITS = { pair: 10, account: 100, address: 100 } as const;
type Kind = keyof typeof LIMITS;

export class Attempts {
  readonly #parts: { readonly store: Pick<Store, 'countSignIns' | 'forgiveSignIn'>; readonly clock: Clock };

  constructor(parts: { readonly store: Pick<Store, 'countSignIns' | 'forgiveSignIn'>; readonly clock: Clock }) {
    this.#parts = parts;
  }

  /**
   * Counts first and asks then, so that many guesses at once count as many. Answers how to forgive a good one; throws a
   * `Fault` when there were too many.
   */
  async count(whose: Attempt): Promise<() => Promise<void>> {
    const { store, clock } = this.#parts;
    const kinds = keysOf(whose);
    const at = clock.now();
    const counts = await store.countSignIns({ keys: [...kinds.keys()], at, windowMs: WINDOW_MS });
    const over = counts.filter(({ key, count }) => count > LIMITS[kinds.get(key) ?? 'pair']);
    if (over.length > 0) {
      const seconds = Math.ceil((Math.max(...over.map(({ endsAt }) => endsAt)) - at) / 1_000);
      const detail = `wait ${Math.ceil(seconds / 60)} min, or have an admin send a new invitation`;
      throw new Fault('sign_ins_limited', detail, { 'retry-after': String(seconds) });
    }
    return () => this.forgive(whose);
  }

  forgive(whose: Attempt): Promise<void> {
    return this.#parts.store.forgiveSignIn({ keys: [...keysOf(whose).keys()] });
  }
}

/** Whose attempt it is; of somebody whose account is not known yet, only from where it comes. */
export interface Attempt {
  readonly account: string | null;
  readonly address: string;
}

/** Hashes: who tried to sign in is nobody's business afterwards. */
function keysOf({ account, address }: Attempt): Map<string, Kind> {
  const key = (...parts: readonly string[]) => hash('sha256', JSON.stringify(parts));
  const network = networkOf(address);
  const keys = new Map<string, Kind>([[key('address', network), 'address']]);
  if (account !== null) keys.set(key('account', account), 'account').set(key('pair', account, network), 'pair');
  return keys;
}
