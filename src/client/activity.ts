import type { FinalState } from '../model/notification.ts';
import type { Ask } from './client.ts';

/** A count of recipients for each state they can end in. */
export type StateCounts = Readonly<Record<FinalState, number>>;

/** What goes on, and went on of late, over all servers; a few seconds old. */
export interface Overview {
  readonly from: string;
  readonly to: string;
  /** How many recipients ended in each minute, oldest first. */
  readonly minutes: readonly (StateCounts & { readonly at: string })[];
  /** Why some did not get it, most frequent first. */
  readonly reasons: readonly {
    readonly state: FinalState;
    readonly reason: string;
    readonly count: number;
    readonly hint: string;
  }[];
  readonly connections: readonly ConnectionActivity[];
  /** What is not finished; `isMore`: only the newest were counted. */
  readonly running: { readonly notifications: number; readonly recipients: number; readonly isMore: boolean };
}

export interface ConnectionActivity {
  /** `dc-…` */
  readonly id: string;
  readonly channel: string;
  readonly name: string | null;
  /** `slowed`: the provider asked for fewer calls; `paused`: it asked to wait; `held`: it refuses the connection, or fails. */
  readonly health: 'idle' | 'working' | 'slowed' | 'paused' | 'held';
  /** What the provider said. */
  readonly why: string | null;
  readonly pausedUntil: string | null;
  readonly heldUntil: string | null;
  /** Calls a second; null: none is kept to. */
  readonly rate: { readonly documented: number | null; readonly allowed: number | null; readonly now: number | null };
  readonly inFlight: number;
  /** In a server's hand, and not being sent to yet. */
  readonly claimed: number;
  /** Without an end, of notifications that began with it. */
  readonly waiting: number;
  /** Within the minutes that were asked for. */
  readonly delivered: number;
  readonly failed: number;
  readonly asOf: string | null;
}

/** How a notification went: how many had ended in each state by then. */
export interface Timeline {
  readonly total: number;
  readonly from: string;
  readonly to: string;
  /** Oldest first; the last is as it is now. */
  readonly points: readonly (StateCounts & { readonly at: string; readonly pending: number })[];
}

export interface OverviewRequest {
  readonly botId: string;
  /** How far back: 1 to 1,440; absent: 60. */
  readonly minutes?: number;
  readonly signal?: AbortSignal;
}

export interface ActivityCalls {
  overview(request: OverviewRequest): Promise<Overview>;
  timeline(request: {
    readonly botId: string;
    readonly notificationId: string;
    readonly signal?: AbortSignal;
  }): Promise<Timeline>;
}

export function createActivityCalls(base: string, ask: Ask): ActivityCalls {
  const of = (botId: string) => `${base}/api/v1/bots/${encodeURIComponent(botId)}`;
  return {
    overview: ({ botId, minutes, signal }) =>
      ask('GET', `${of(botId)}/overview${minutes === undefined ? '' : `?minutes=${minutes}`}`, signal),
    timeline: ({ botId, notificationId, signal }) =>
      ask('GET', `${of(botId)}/notifications/${encodeURIComponent(notificationId)}/timeline`, signal),
  };
}
