import type { Size } from '../../model/lane.ts';
import type { Lane, Log, Recipient } from '../../model/notification.ts';
import type { NotificationKey } from './notifications.ts';

/** The batch protocol: claim, hold, record. */
export interface Work {
  /** Queues that hold anything, by lane, then bot, then connection, then size, beginning after `after`. */
  listQueues(request: { readonly after: Queue | null; readonly limit: number }): Promise<QueueState[]>;
  /** Takes up to `limit` due batches of one queue: token + 1, owner, lease. */
  claimDue(request: ClaimRequest): Promise<ClaimedBatch[]>;
  /** Extends the leases that are still held by their token; the answer holds those and only those. */
  extendLeases(request: { readonly held: readonly HeldBatch[]; readonly leaseMs: number }): Promise<HeldBatch[]>;
  /** Which of the batch's recipients have a log already (asked after a take-over). */
  listLoggedSeqs(request: { readonly batch: BatchKey; readonly seqs: readonly number[] }): Promise<number[]>;
  /**
   * Records what happened, for every batch that is still held; the others change nothing and are named as lost.
   * `again`: the same checkpoint was sent before and its fate is unknown, so logs that are already there are skipped.
   */
  checkpoint(request: CheckpointRequest): Promise<{ readonly lost: HeldBatch[] }>;
  /** Makes every leased batch claimable at once. Only for a process that knows it is alone (SQLite at start). */
  voidLeases(): Promise<number>;
}

/** The unit of fairness: what one bot sends through one connection in one lane, small notifications apart from large. */
export interface Queue {
  readonly lane: Lane;
  readonly size: Size;
  readonly botId: string;
  readonly connectionId: string;
}

export interface QueueState {
  readonly queue: Queue;
  /** Ms until its earliest batch can be claimed; 0 or less: now. */
  readonly dueInMs: number;
}

export interface ClaimRequest {
  readonly queue: Queue;
  readonly owner: string;
  readonly leaseMs: number;
  readonly limit: number;
  /** Leaves alone what so many owners, or more, have died with, the last one counted; default: nothing. */
  readonly takeoversBelow?: number;
}

export interface BatchKey extends NotificationKey {
  /** The seq of the batch's first recipient. */
  readonly batchNo: number;
}

export interface HeldBatch extends BatchKey {
  /** The fence: a number that proves the lease is still ours. */
  readonly token: number;
}

export interface ClaimedBatch extends HeldBatch {
  readonly queue: Queue;
  readonly recipients: readonly Recipient[];
  /** How many owners died with it. Above 0, any recipient without a log may have been sent the message. */
  readonly takeovers: number;
}

export interface CheckpointRequest {
  readonly batches: readonly BatchProgress[];
  readonly again: boolean;
}

/** What became of a held batch since the last checkpoint. */
export interface BatchProgress {
  readonly batch: HeldBatch;
  readonly logs: readonly Log[];
  /** Non-null ends the batch: it is deleted and what remains becomes these smaller batches. */
  readonly remainder: readonly Remainder[] | null;
  /** Those of `logs` whom it did not reach and who were to be sent something of their own, so that they can be retried. */
  readonly kept?: readonly Recipient[];
}

export interface Remainder {
  /** Seq ascending, not empty. */
  readonly recipients: readonly Recipient[];
  readonly delayMs: number;
  /** Goes on over another connection, where nobody has tried it yet. Absent: comes back where it was. */
  readonly connectionId?: string;
  /** It waits for a resume, if its notification is still paused. */
  readonly isParked?: boolean;
}
