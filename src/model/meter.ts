import type { Log } from './notification.ts';
import type { Outcome } from './outcome.ts';

/** Counts what happens, for whoever watches the server. Cheap: it is told of every recipient. */
export interface Meter {
  /** Recipients came to their end, and it is durable. */
  ended(channel: string, logs: readonly Log[]): void;
  /** A provider was called, or should have been, and this is what became of it. */
  attempted(channel: string, outcome: Outcome['kind'], seconds: number): void;
  /** Batches turned out to be somebody else's. */
  leasesLost(count: number): void;
  /** A request was answered; `route` is the pattern, null where there is none. */
  answered(request: RequestKind, seconds: number): void;
  /** Requests that are alike were told to come again later. */
  refused(request: RequestKind, count: number): void;
}

export interface RequestKind {
  readonly route: string | null;
  /** Null: it found no place, and was hung up on. */
  readonly status: number | null;
}

export const silentMeter: Meter = { ended() {}, attempted() {}, leasesLost() {}, answered() {}, refused() {} };
