import type { WalState } from './port/upkeep.ts';
import type { Steps } from './steps.ts';

/** What a database must do for the store: run steps in one transaction, keep its schema current, pass on wake-ups. */
export interface Database {
  readonly kind: 'sqlite' | 'postgres';
  /** Notifications it takes in at the same time: what they leave is for those who deliver. */
  readonly acceptsAtOnce: number;
  /** Brings the schema up to date under a lock; rejects with `SchemaTooNew`. */
  migrate(): Promise<void>;
  schemaVersion(): Promise<number>;
  /** This Beckon may work on it: the schema is not newer, or is and only has more in it. */
  serves(): Promise<boolean>;
  /** One durable transaction. */
  write<T>(steps: () => Steps<T>): Promise<T>;
  /**
   * The same for a single statement: one turn of the network instead of two. Of several each is a transaction by itself,
   * so that nothing is locked in between.
   */
  writeAlone<T>(steps: () => Steps<T>): Promise<T>;
  read<T>(steps: () => Steps<T>): Promise<T>;
  tidyWal(request: { readonly fromBytes: number }): Promise<WalState | null>;
  /** Tells other processes that work is ready; best effort. */
  announce(): void;
  onWake(listener: () => void): void;
  close(): Promise<void>;
}
