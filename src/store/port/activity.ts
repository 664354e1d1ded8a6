import type { JsonObject } from '../../model/json.ts';
import type { Counts, FinalState } from '../../model/notification.ts';
import type { Reason } from '../../model/reasons.ts';
import type { NotificationKey } from './notifications.ts';

/** What all nodes did of late, for whoever watches. Nothing that is sent depends on it. */
export interface Activity {
  /** What one node did and how it is; said again it changes nothing. */
  recordActivity(request: ActivityReport): Promise<void>;
  /** Of the minutes from `from` on, `until` not included. */
  sumActivity(request: {
    readonly botId: string;
    readonly from: number;
    readonly until: number;
  }): Promise<ActivitySums>;
  /** How each node is that has said so since. */
  listConnectionStates(request: { readonly botId: string; readonly since: number }): Promise<SaidState[]>;
  /** What is not finished, by the connection it began with: of each channel the newest `limit`. */
  sumOpen(request: {
    readonly botId: string;
    readonly channels: readonly string[];
    readonly limit: number;
  }): Promise<OpenSum[]>;
  /** When each part of a large notification was reached for the first time, as nodes saw it; at most some 400 points. */
  listMilestones(key: NotificationKey): Promise<Milestone[]>;
  /** How many recipients ended in each state in each step of time: it looks at all their logs. */
  countEnds(request: NotificationKey & { readonly from: number; readonly stepMs: number }): Promise<EndCount[]>;
}

export interface ActivityReport {
  /** Fresh with each process. */
  readonly node: string;
  readonly at: number;
  /** Whole counts, not what was added. */
  readonly cells: readonly ActivityCell[];
  readonly connections: readonly Omit<SaidState, 'node' | 'at'>[];
  /** Large notifications that went on. */
  readonly moved: readonly NotificationKey[];
}

export interface ActivityCell {
  readonly botId: string;
  readonly connectionId: string;
  /** Epoch minutes. */
  readonly minute: number;
  readonly state: FinalState;
  readonly reason: Reason | null;
  readonly count: number;
}

export interface ActivitySums {
  readonly byMinute: readonly { readonly minute: number; readonly state: FinalState; readonly count: number }[];
  readonly byReason: readonly Omit<ActivityCell, 'botId' | 'minute'>[];
}

export interface SaidState {
  readonly botId: string;
  readonly connectionId: string;
  readonly node: string;
  readonly at: number;
  readonly state: JsonObject;
}

export interface OpenSum {
  readonly connectionId: string;
  readonly notifications: number;
  /** Without an end. */
  readonly recipients: number;
}

export interface Milestone extends Counts {
  readonly at: number;
}

export interface EndCount {
  /** Counted from `from`; what ended before is in 0. */
  readonly step: number;
  readonly state: FinalState;
  readonly count: number;
}
