import type { Reason } from './reasons.ts';

/**
 * What a channel answered to one attempt at one recipient. Channels return one of these five and never throw for
 * anything a provider or a network did; a throw is a bug in the channel and is recorded as such.
 */
export type Outcome = Accepted | Rejected | Busy | Failed | Unknown;

/** The provider took the message. `learned` is an address worth keeping (a conversation that was just created). */
export interface Accepted {
  readonly kind: 'accepted';
  readonly providerMessageId: string | null;
  readonly learned?: Address;
}

/**
 * A definite no. `scope` says for whom: this recipient (class A), the message itself, hence every recipient (class M),
 * or the connection: credentials, disabled app, billing (class B), which holds the queue instead of failing people.
 * `forgetAddress` drops the stored address because the provider no longer knows it.
 */
export interface Rejected {
  readonly kind: 'rejected';
  readonly scope: 'recipient' | 'message' | 'connection';
  readonly reason: Reason;
  readonly detail: string;
  readonly forgetAddress?: boolean;
  /** Nobody is to write to this identity on this connection again: the address is dead or its owner said stop. */
  readonly silence?: 'opted_out' | 'address_dead';
}

/** Rate limited (class D): not sent, costs no attempt; slows `scope` only. `retryAfterMs` null: the provider did not say. */
export interface Busy {
  readonly kind: 'busy';
  readonly scope: 'recipient' | 'connection';
  readonly retryAfterMs: number | null;
  readonly detail: string;
}

/** Transient (class C) and certainly not delivered: retried with back-off. `retryAfterMs` is a floor when given. */
export interface Failed {
  readonly kind: 'failed';
  readonly reason: Reason;
  readonly detail: string;
  readonly retryAfterMs?: number | null;
}

/** The request may have been carried out, the answer was lost or makes no sense (class U). */
export interface Unknown {
  readonly kind: 'unknown';
  readonly reason: Reason;
  readonly detail: string;
  readonly retryAfterMs?: number | null;
}

/** Where a person is reached through one connection; `reference` holds what the provider needs besides the id. */
export interface Address {
  readonly channelId: string;
  readonly reference: Readonly<Record<string, string>> | null;
}
