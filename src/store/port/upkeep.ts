import type { Ends } from '../../model/meter.ts';
import type { Ages } from '../../model/retention.ts';

/** What keeps a store in order, and brings it back. */
export interface Upkeep {
  /** Deletes what time has made useless (idempotency records, used jtis); bounded per call, answers how many. */
  prune(request: { readonly now: number; readonly limit: number }): Promise<number>;
  /**
   * One step of removing what a bot keeps no longer: lines of recipients, then notifications, then callbacks, oldest
   * first. It touches some `limit` rows of each table at the most. Answers how many; 0: there is nothing to do now.
   */
  enforceRetention(request: EnforceRetention): Promise<number>;
  /**
   * Empties the log that SQLite writes ahead of its file if it is `fromBytes` or longer, unless another process reads in
   * the file. Null: there is no such log.
   */
  tidyWal(request: { readonly fromBytes: number }): Promise<WalState | null>;
  /** The clock that leases run on. */
  now(): Promise<number>;
  /** Rejects when the store cannot be reached. */
  ping(): Promise<void>;
  schemaVersion(): Promise<number>;
  /** Calls back when another process may have made work ready. Hints only: polling finds everything. */
  onWake(listener: () => void): void;
  /**
   * Calls back with whoever ended in a transaction of this process that was no checkpoint, once it is durable: left out
   * from the beginning, cancelled or erased while they waited. What a crash interrupts is not told.
   */
  onEnded(listener: (ends: readonly Ends[]) => void): void;
  close(): Promise<void>;

  /**
   * The database came out of a backup: no queue is listed and nothing is claimed until `endRestore`. Whoever holds a
   * lease loses it. Answers how many recipients are outstanding; changes nothing when it is marked already.
   */
  markRestored(request: { readonly at: number }): Promise<RestoredState>;
  /** Null: nothing waits for a decision. */
  findRestored(): Promise<RestoredState | null>;
  /**
   * `release`: what was outstanding in the backup is sent, marked as maybe sent before. `conclude`: it ends as
   * `unknown`. What was accepted since the restore is sent either way. Answers how many recipients it concerned.
   */
  endRestore(request: { readonly decision: RestoreDecision; readonly at: number }): Promise<number>;
}

export interface EnforceRetention {
  readonly botId: string;
  readonly ages: Ages;
  readonly at: number;
  readonly limit: number;
}

export interface RestoredState {
  /** When it was marked, epoch ms. */
  readonly at: number;
  /** Recipients that were not final in the backup. */
  readonly recipients: number;
}

export type RestoreDecision = 'release' | 'conclude';

/** A write-ahead log. */
export interface WalState {
  readonly bytes: number;
  /**
   * It cannot be emptied, for these processes hold a snapshot that needs it: `process 123 (sqlite3)`. Empty: somebody
   * who cannot be named. Null: it can be emptied, or is too short to try.
   */
  readonly heldBy: readonly string[] | null;
}
