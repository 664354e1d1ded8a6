import type { Receipt } from '../../model/news.ts';
import type { Counts, FinalState, Log, NotificationStatus, NotificationSummary } from '../../model/notification.ts';
import type { Reason } from '../../model/reasons.ts';

/** Looks at what was asked, and at what became of everybody. */
export interface Notifications {
  findNotification(key: NotificationKey): Promise<NotificationStatus | null>;
  /** In any order; unknown ones are absent. */
  findNotifications(request: { readonly notifications: readonly NotificationKey[] }): Promise<NotificationStatus[]>;
  /** The same without what they say. */
  findSummaries(request: { readonly notifications: readonly NotificationKey[] }): Promise<NotificationSummary[]>;
  /** Newest first; a page costs the same wherever it begins and however much there is. */
  listNotifications(request: NotificationPage): Promise<NotificationSummary[]>;
  listLogs(request: NotificationKey & { readonly afterSeq: number; readonly limit: number }): Promise<Log[]>;

  /** By seq: those of a stretch whose delivery has ended and who fit the filter. A caller keeps stretches short. */
  listLedger(request: LedgerStretch): Promise<LedgerLine[]>;
  /**
   * How often each reason was given, and the counters of the same moment, so that they add up. `reasons` null: so many
   * were not reached that counting them at once would hold up others. Null: there is no such notification.
   */
  tallyReasons(key: NotificationKey): Promise<ReasonTally | null>;
  /** The same of a stretch: for whoever counts a notification that has ended piece by piece. */
  countReasons(request: Omit<LedgerStretch, 'limit' | 'filter'>): Promise<NonNullable<ReasonTally['reasons']>>;
}

export interface NotificationKey {
  readonly botId: string;
  readonly notificationId: string;
}

export interface NotificationPage {
  readonly botId: string;
  /** Those of other channels are left out. */
  readonly channels: readonly string[];
  /** Null: both those that are finished and those that are not. */
  readonly finished: boolean | null;
  /** What comes after this one; null: from the newest on. */
  readonly after: { readonly createdAt: number; readonly id: string } | null;
  readonly limit: number;
}

/** The recipients after `afterSeq`, `untilSeq` included. */
export interface LedgerStretch extends NotificationKey {
  readonly afterSeq: number;
  readonly untilSeq: number;
  readonly limit: number;
  readonly filter: LedgerFilter;
}

/** Null: whatever it is. Letters from A to Z of an identity are compared as if they were small. */
export interface LedgerFilter {
  readonly states: readonly FinalState[] | null;
  readonly reasons: readonly Reason[] | null;
  /** The whole identity, as the caller wrote it. */
  readonly identity: string | null;
  /** What it begins with. */
  readonly prefix: string | null;
}

/** What became of a recipient, and what the provider said of it later. */
export interface LedgerLine {
  readonly log: Log;
  readonly receipt: Receipt | null;
}

export interface ReasonTally {
  readonly counts: Counts;
  /** Of those who were not reached; a reason nobody has is absent. */
  readonly reasons: Readonly<Partial<Record<Reason, number>>> | null;
}
