import type { Route } from './fall-back.ts';
import type { Content, Parameters } from './message.ts';
import type { Options } from './options.ts';
import type { Reason } from './reasons.ts';

/** Lanes in the order they are served. */
export const LANES = ['urgent', 'normal', 'bulk'] as const;
export type Lane = (typeof LANES)[number];

/** Which interface a notification came through; it decides how its status reads, never how it is delivered. */
export type Api = 'kore-v1' | 'kore-v2' | 'native';

/** Final states of a recipient. A recipient without a log is pending. */
export const FINAL_STATES = ['delivered', 'failed', 'suppressed', 'expired', 'cancelled', 'unknown'] as const;
export type FinalState = (typeof FINAL_STATES)[number];

/** total = pending + the six final states, at every moment; the database refuses anything else. */
export type Counts = Readonly<Record<FinalState | 'pending' | 'total', number>>;

/** What was asked. Times are epoch milliseconds. */
export interface Notification {
  readonly botId: string;
  readonly id: string;
  readonly api: Api;
  /** The client id of the app that asked. */
  readonly appId: string;
  /** `u-…` of the token's subject. */
  readonly createdBy: string;
  /** Canonical channel id. */
  readonly channel: string;
  /** The channel as the caller spelled it; logs echo it. */
  readonly channelSpelling: string;
  readonly connectionId: string;
  /** False: the identities are channel ids already. */
  readonly resolve: boolean;
  readonly lane: Lane;
  readonly message: Content;
  readonly total: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Absent: none. */
  readonly options?: Options;
  /** Somebody has taken its time into their own hands: `expiresAt` counts, however long its lane would try. */
  readonly isExtended?: boolean;
}

/** A stored notification: what was asked and how far it is. */
export interface NotificationStatus extends Notification {
  readonly counts: Counts;
  /** Last change, epoch ms. */
  readonly updatedAt: number;
  readonly finishedAt: number | null;
  /** When somebody asked that nobody more be sent it. */
  readonly cancelledAt: number | null;
  /** Since when nobody is sent it, and why; null: it is not paused. */
  readonly pausedAt: number | null;
  readonly pausedReason: PauseReason | null;
  /** Since when what became of each recipient is kept no longer. Absent: it is kept. */
  readonly ledgerRemovedAt?: number;
}

/** Who paused a notification: somebody who asked, or a rule that it was sent by. */
export const PAUSE_REASONS = ['caller', 'failure_ceiling', 'canary'] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

/** All but what it says, which may be large. */
export type NotificationSummary = Omit<NotificationStatus, 'message'>;

/** One line of a notification, known by (notification, seq). */
export interface Recipient {
  readonly seq: number;
  /** As the caller wrote it. */
  readonly identity: string;
  /** Replaces the notification's message for this recipient. */
  readonly customMessage: string | null;
  readonly parameters: Parameters | null;
  /** Attempts spent. */
  readonly attempts: number;
  /** Attempts that were spent before somebody asked to try again. Absent: none. */
  readonly earlier?: number;
  /** An earlier attempt may have reached the provider without our knowing. */
  readonly maybeSent: boolean;
  /** What the script printed for this recipient on an earlier attempt; it is not run again. Absent otherwise. */
  readonly printed?: string;
  /** On the channels before this one. Absent on the notification's own. */
  readonly route?: Route;
}

/** Is sent something that not everybody is. */
export const hasOwn = ({ customMessage, parameters }: Pick<Recipient, 'customMessage' | 'parameters'>): boolean =>
  customMessage !== null || parameters !== null;

/** All that were ever spent, as logs tell. */
export const allAttempts = ({ attempts, earlier = 0 }: Pick<Recipient, 'attempts' | 'earlier'>): number =>
  attempts + earlier;

/** The final line of a recipient. */
export interface Log {
  readonly seq: number;
  readonly identity: string;
  readonly state: FinalState;
  /** Null only when delivered. */
  readonly reason: Reason | null;
  /** What the provider said, cleaned and cut to 256 characters; never a secret, never a body. */
  readonly detail: string | null;
  readonly personId: string | null;
  readonly channelId: string | null;
  readonly providerMessageId: string | null;
  readonly attempts: number;
  /** The recipient may have been sent the message more than once, or once although it reads failed. */
  readonly maybeDoubled: boolean;
  readonly at: number;
  /** Of a notification with several channels: the one this is the end on, and what came of those before. Absent: the first. */
  readonly route?: Pick<Route, 'tried'> & { readonly step: number };
}

/** At most this many recipients are leased, retried and delayed together. */
export const BATCH_SIZE = 100;
