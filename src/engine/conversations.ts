import type { Channel, RateScope } from '../channels/contract.ts';
import type { Address } from '../model/outcome.ts';
import type { Connection } from '../model/tenancy.ts';
import type { ScopeState } from './scope-state.ts';
import type { Scopes } from './scopes.ts';

export interface ConversationsParts {
  readonly connection: Connection;
  readonly channel: Channel;
  readonly scopes: Scopes;
  readonly isUnlimited: boolean;
}

/** The narrower limits of one connection's addresses, as they are kept by the account. */
export class Conversations {
  readonly #parts: ConversationsParts;

  constructor(parts: ConversationsParts) {
    this.#parts = parts;
  }

  /** What a send to the address counts against; the recipient's own conversation is the first. */
  of(address: Address, now: number): readonly ScopeState[] {
    const { scopes, isUnlimited } = this.#parts;
    if (isUnlimited && scopes.size === 0) return NO_SCOPES;
    return this.#scopesOf(address).map((scope) => scopes.find(this.#toHeed(scope), now));
  }

  /** The provider asked to wait with this recipient's conversation. */
  pause(address: Address, retryAfterMs: number | null, now: number): void {
    const [own] = this.#scopesOf(address);
    if (own === undefined) return;
    this.#parts.scopes.find(this.#toHeed(own), now).pause(now + (retryAfterMs ?? PAUSE_MS));
  }

  /** Who was called by one name has turned out to have another. */
  rename(learned: Address, state: ScopeState | undefined): void {
    const [renamed] = this.#scopesOf(learned);
    if (renamed !== undefined && state !== undefined) this.#parts.scopes.alias(this.#toHeed(renamed), state);
  }

  #scopesOf(address: Address): readonly RateScope[] {
    const { channel, connection } = this.#parts;
    return channel.scopes?.(connection, address) ?? [];
  }

  /** Without limits a scope still has its pauses. */
  #toHeed(scope: RateScope): RateScope {
    return this.#parts.isUnlimited ? { key: `unlimited ${scope.key}` } : scope;
  }
}

const NO_SCOPES: readonly ScopeState[] = [];
const PAUSE_MS = 1_000;
