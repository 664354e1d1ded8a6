import type { Clock } from '../model/clock.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { RateAsk, RateShare } from '../store/port/limits.ts';
import type { Store } from '../store/port.ts';
import { Asking, HOLD_MS } from './asking.ts';

/** What nodes share of one account. */
export interface Shared {
  /** What to ask for; null: nothing is held, wanted or to be told. From here on no more is used than it keeps. */
  ask(now: number): Omit<RateAsk, 'account'> | null;
  /** What was given lasts until `until`, monotonic ms. */
  answer(share: RateShare, until: number): void;
}

export interface NodesParts {
  readonly store: Pick<Store, 'shareRates'>;
  readonly clock: Clock;
  /** Of this process. */
  readonly node: string;
  readonly onError: (error: unknown) => void;
}

/**
 * Keeps several nodes over one database within the limits of the accounts they share: asks the store for this node's
 * part, of all accounts that are in use at once. Without answers the part lapses and nothing is sent that counts.
 */
export class Nodes {
  readonly #parts: NodesParts;
  readonly #accounts = new Map<string, Shared>();
  readonly #asking: Asking;

  constructor(parts: NodesParts) {
    this.#parts = parts;
    const { clock, onError } = parts;
    this.#asking = new Asking({ clock, onError, ask: () => this.#ask() });
  }

  add(key: string, account: Shared): void {
    this.#accounts.set(key, account);
  }

  start(): void {
    this.#asking.start();
  }

  stop(): void {
    this.#asking.stop();
  }

  /** Somebody waits who has nothing. */
  want(): void {
    this.#asking.want();
  }

  async #ask(): Promise<void> {
    const { store, clock, node } = this.#parts;
    const now = clock.monotonic();
    const asked = [...this.#accounts].flatMap(([account, shared]) => {
      const ask = shared.ask(now);
      return ask === null ? [] : [{ shared, ask: { ...ask, account } }];
    });
    if (asked.length === 0) return;
    const asks = asked.map(({ ask }) => ask);
    const shares = await store.shareRates({ node, holdMs: HOLD_MS, asks }).catch((error: unknown) => {
      // Then nothing can be claimed either, and whoever claims says so.
      if (error instanceof StoreUnavailable) return [];
      throw error;
    });
    for (const [index, share] of shares.entries()) asked[index]?.shared.answer(share, now + HOLD_MS);
  }
}
