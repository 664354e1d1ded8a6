import type { FinalState, Log, Notification } from './notification.ts';
import type { Outcome } from './outcome.ts';
import type { Reason } from './reasons.ts';

/** Counts what happens, for whoever watches the server. Cheap: it is told of every recipient. */
export interface Meter {
  /** Recipients came to their end, and it is durable. */
  ended(of: Ended, logs: readonly Log[]): void;
  /** So did some whom no worker had in hand. */
  endedUnworked(ends: readonly Ends[]): void;
  /** A provider was called, or should have been, and this is what became of it. */
  attempted(channel: string, outcome: Outcome['kind'], seconds: number): void;
  /** Batches turned out to be somebody else's. */
  leasesLost(count: number): void;
  /** A request was answered; `route` is the pattern, null where there is none. */
  answered(request: RequestKind, seconds: number): void;
  /** Requests that are alike were told to come again later. */
  refused(request: RequestKind, count: number): void;
}

/** Of which notification, as it is on the channel over which they came to it. */
export type Ended = Pick<Notification, 'id' | 'botId' | 'channel' | 'connectionId' | 'total'>;

/** So many that ended alike. */
export interface Ends {
  readonly channel: string;
  readonly state: FinalState;
  readonly reason: Reason | null;
  readonly count: number;
}

export interface RequestKind {
  readonly route: string | null;
  /** Null: it found no place, and was hung up on. */
  readonly status: number | null;
}

export const silentMeter: Meter = {
  ended() {},
  endedUnworked() {},
  attempted() {},
  leasesLost() {},
  answered() {},
  refused() {},
};
