import { createHash } from 'node:crypto';
import type { RateScope } from '../channels/contract.ts';
import type { Clock } from '../model/clock.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { Reserved, ScopeAsk } from '../store/port/limits.ts';
import type { Store } from '../store/port.ts';
import { Asking, HOLD_MS } from './asking.ts';
import { Permit, type PermitParts, type Waiter } from './permit.ts';

export interface PermitsParts {
  readonly store: Pick<Store, 'reserveCalls'>;
  readonly clock: Clock;
  /** Of this process. */
  readonly node: string;
  readonly onError: (error: unknown) => void;
}

/**
 * Keeps several nodes over one database within the limits of scopes such as conversations: no call to one begins that
 * the store has not reserved. Calls are asked for shortly before they are made, those of all scopes at once, so it costs
 * the store a statement or two for every few sends and the sends no time.
 */
export class Permits {
  readonly #parts: PermitsParts;
  /** One a scope for as long as anybody holds it, or two would tell the store different things under one name. */
  readonly #known = new Map<string, WeakRef<Permit>>();
  readonly #forgotten = new FinalizationRegistry((scope: string) => {
    if (this.#known.get(scope)?.deref() === undefined) this.#known.delete(scope);
  });
  /** With which there is something going on. */
  readonly #open = new Set<Permit>();
  readonly #asking: Asking;

  constructor(parts: PermitsParts) {
    this.#parts = parts;
    const { clock, onError } = parts;
    this.#asking = new Asking({ clock, onError, ask: () => this.#ask() });
  }

  start(): void {
    this.#asking.start();
  }

  stop(): void {
    this.#asking.stop();
  }

  /** Null: the scope has no limits to share. */
  permitFor(account: string, { key, windows = [], bucket }: RateScope): Permit | null {
    if (windows.length === 0 && bucket === undefined) return null;
    // What an address is made of stays out of the table.
    const scope = createHash('sha256').update(`${account}\n${key}`).digest('base64url');
    return this.#known.get(scope)?.deref() ?? this.#make({ scope, windows, bucket: bucket ?? null });
  }

  #make(limits: Omit<PermitParts, 'onNews'>): Permit {
    const onNews = (permit: Permit, isUrgent: boolean) => {
      this.#open.add(permit);
      if (isUrgent) this.#asking.want();
    };
    const permit = new Permit({ ...limits, onNews });
    this.#known.set(limits.scope, new WeakRef(permit));
    this.#forgotten.register(permit, limits.scope);
    return permit;
  }

  async #ask(): Promise<void> {
    const { clock } = this.#parts;
    const now = clock.monotonic();
    const asked = [...this.#open].flatMap((permit) => {
      if (permit.isIdle) this.#open.delete(permit);
      const ask = permit.ask(now);
      return ask === null ? [] : [{ permit, ask }];
    });
    if (asked.length === 0) return;
    const answers = await this.#reserve(asked.map(({ ask }) => ask));
    const waiters = new Set<Waiter>();
    for (const [index, { permit }] of asked.entries()) {
      const answer = answers?.[index] ?? null;
      const answered = answer === null ? permit.takeBack() : permit.answer(answer, clock.monotonic(), now + HOLD_MS);
      for (const waiter of answered) waiters.add(waiter);
    }
    // Others were quicker, and are done; when the store is away it is asked again in a while.
    if (answers?.includes(null)) this.#asking.want();
    for (const waiter of waiters) waiter.pump();
  }

  /** Null: the store is away. */
  async #reserve(asks: readonly ScopeAsk[]): Promise<readonly (Reserved | null)[] | null> {
    const { store, node } = this.#parts;
    return store.reserveCalls({ node, holdMs: HOLD_MS, asks }).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) this.#parts.onError(error);
      return null;
    });
  }
}
