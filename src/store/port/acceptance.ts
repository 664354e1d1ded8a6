import type { Log, Notification, Recipient } from '../../model/notification.ts';

/** Takes what is asked. */
export interface Acceptance {
  /** Notification, its batches and the idempotency record become durable together, or the earlier answer comes back. */
  accept(request: AcceptRequest | WrittenAcceptRequest): Promise<AcceptResult>;
  findReply(scope: IdempotencyScope): Promise<StoredReply | null>;
  /**
   * Counts what was accepted since this process last told, and answers how many recipients have no end yet: of each of
   * these bots, in order, and of all. Exact but for what other processes have not told yet, or were killed before.
   */
  tellAccepted(request: {
    /** Each bot once; those that are only asked about with 0. */
    readonly accepted: readonly Backlog[];
  }): Promise<{ readonly bots: readonly Backlog[]; readonly all: number }>;
}

export interface AcceptRequest {
  readonly notification: Notification;
  /** All recipients, seq ascending from 0, but for those who are suppressed. */
  readonly recipients: readonly Recipient[];
  /** The ends of those who are left out from the beginning; absent: nobody is. */
  readonly suppressed?: readonly Log[];
  /** Through which of its connections each begins; absent: the notification's own. */
  readonly connectionOf?: (recipient: Recipient) => string;
  /** Delay before the first attempt, ms. */
  readonly delayMs: number;
  readonly idempotency: (IdempotencyScope & StoredReply) | null;
}

/** The same with the recipients as they are stored, in batches: a few long strings are quickly copied between threads. */
export interface WrittenAcceptRequest extends Omit<AcceptRequest, 'recipients' | 'connectionOf'> {
  readonly batches: readonly WrittenBatch[];
  /** From this batch on all follow its canary. Absent: nobody does. */
  readonly heldFrom?: number;
}

export interface WrittenBatch {
  readonly batchNo: number;
  readonly recipients: string;
  readonly connectionId?: string;
}

/** Recipients of a bot. */
export interface Backlog {
  readonly botId: string;
  readonly recipients: number;
}

export type AcceptResult = { readonly kind: 'accepted' } | { readonly kind: 'replay'; readonly reply: StoredReply };

export interface IdempotencyScope {
  readonly botId: string;
  readonly appId: string;
  readonly route: string;
  readonly key: string;
}

/** A reply kept for 72 h. `fingerprint` is SHA-256 over media type and raw body, hex. */
export interface StoredReply {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: string;
  readonly createdAt: number;
}
