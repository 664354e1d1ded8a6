import type { RateScope } from '../channels/contract.ts';
import type { Permit } from './permit.ts';
import { ScopeState } from './scope-state.ts';

/** Null: no other node calls it. */
export type PermitFor = (scope: RateScope) => Permit | null;

/**
 * The scopes of one account, by key. One that is empty is forgotten; when there are too many, one that has been idle
 * for a minute and has little in its windows is too. So windows of up to a minute hold whatever happens, and longer
 * ones unless tens of thousands of conversations are written to meanwhile.
 */
export class Scopes {
  readonly #states = new Map<string, ScopeState>();
  readonly #max: number;
  readonly #permitFor: PermitFor;

  constructor({
    max = 20_000,
    permitFor = () => null,
  }: { readonly max?: number; readonly permitFor?: PermitFor } = {}) {
    this.#max = max;
    this.#permitFor = permitFor;
  }

  get size(): number {
    return this.#states.size;
  }

  find(scope: RateScope, now: number): ScopeState {
    const known = this.#states.get(scope.key);
    if (known !== undefined) {
      this.#setLast(scope.key, known);
      return known;
    }
    const state = new ScopeState(scope, now);
    this.#add(scope, state);
    this.#makeRoom(now);
    return state;
  }

  /** The scope was found to have another name as well: what is called by it counts here too. */
  alias(scope: RateScope, state: ScopeState): void {
    if (!this.#states.has(scope.key)) this.#add(scope, state);
  }

  #add(scope: RateScope, state: ScopeState): void {
    this.#states.set(scope.key, state);
    const permit = this.#permitFor(scope);
    if (permit !== null) state.share(permit);
  }

  /** Looks at the two that were unused for longest, so that it costs the same however many there are. */
  #makeRoom(now: number): void {
    for (const [key, state] of this.#states.entries().take(2)) {
      const isShort = this.#states.size > this.#max;
      if (state.isEmpty(now) || (isShort && state.isLight(now))) this.#states.delete(key);
      else if (isShort) this.#setLast(key, state);
    }
  }

  #setLast(key: string, state: ScopeState): void {
    this.#states.delete(key);
    this.#states.set(key, state);
  }
}
