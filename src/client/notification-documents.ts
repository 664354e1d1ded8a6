import type { CallbackEvent, CallbackOptions } from '../model/callback.ts';
import type { FallBackCause } from '../model/fall-back.ts';
import type { Hours } from '../model/hours.ts';
import type { ReceiptCounts } from '../model/news.ts';
import type { Api, Counts, Lane, PauseReason } from '../model/notification.ts';
import type { Canary, PauseWhen } from '../model/rules.ts';
import type { TemplateKey } from '../model/template.ts';
import type { FilterBody } from './send-documents.ts';

/** A notification on the native API: `counts` is what Beckon did. */
export interface NotificationSummary {
  readonly id: string;
  readonly channel: string;
  readonly connectionId: string;
  readonly priority: Lane;
  /** Which interface it came through. */
  readonly api: Api;
  readonly counts: Counts;
  /** `collecting`: whom it is for is being looked up. `planned`: a preflight found them. `scheduled`: its `sendAt` is still to come. */
  readonly state:
    | 'receiving'
    | 'collecting'
    | 'planned'
    | 'scheduled'
    | 'sending'
    | 'paused'
    | 'finished'
    | 'cancelled';
  readonly category: string | null;
  /** Why it goes to those who declined the category. */
  readonly preferencesOverride: { readonly reason: string } | null;
  /** What its message was made of; null: its sender wrote it. */
  readonly template: TemplateKey | null;
  readonly createdAt: string;
  readonly sendAt: string | null;
  readonly window: Hours | null;
  readonly quietHours: readonly Hours[];
  readonly quietHoursOverride: { readonly reason: string } | null;
  /** How many go ahead, and what follows. */
  readonly canary: Omit<Canary, 'leftOut'> | null;
  readonly pauseWhen: PauseWhen | null;
  /** Who is told how far it is. */
  readonly callback: CallbackOptions | null;
  readonly updatedAt: string;
  readonly expiresAt: string;
  readonly finishedAt: string | null;
  readonly cancelledAt: string | null;
  readonly pausedAt: string | null;
  readonly pausedReason: PauseReason | null;
  /** Null: what became of each recipient is kept for ever, or there is no end yet. */
  readonly recipientsKeptUntil: string | null;
  /** Null: it can be asked for. */
  readonly recipientsRemovedAt: string | null;
}

/** With why those who were not reached were not, and what the provider said later. */
export interface Notification extends NotificationSummary {
  /** In order; `on` is null for the first. */
  readonly channels: readonly {
    readonly channel: string;
    readonly connectionId: string;
    readonly on: readonly FallBackCause[] | null;
    readonly onUnknown: boolean;
    readonly receiptWithin: string | null;
  }[];
  /** How its recipients were chosen; null: all were named. */
  readonly audience: {
    /** Null: they were named. */
    readonly filter: FilterBody | null;
    /** Null: nobody was left out. */
    readonly exclude: {
      /** How many, by name. */
      readonly identities: number;
      readonly tags: readonly string[];
      readonly notifications: readonly string[];
    } | null;
  } | null;
  /** How often each reason was given; null: too many to count while it is running. */
  readonly reasons: Readonly<Record<string, number>> | null;
  readonly receipts: ReceiptCounts;
}

/** What was told of a notification, and how it went. */
export interface Callback {
  /** The `webhook-id`. */
  readonly id: string;
  readonly event: CallbackEvent;
  readonly connectionId: string;
  readonly state: 'pending' | 'delivered' | 'given_up';
  readonly createdAt: string;
  /** Null: never. */
  readonly nextTryAt: string | null;
  readonly tries: readonly {
    readonly at: string;
    /** Null: there was no answer. */
    readonly status: number | null;
    /** Null: it was taken. */
    readonly detail: string | null;
    readonly durationMs: number;
  }[];
}

/** How far it is: all there is to know, so that whoever missed some events has lost nothing. */
export interface ProgressDocument
  extends Pick<
    Notification,
    'id' | 'counts' | 'reasons' | 'updatedAt' | 'finishedAt' | 'cancelledAt' | 'pausedAt' | 'pausedReason'
  > {
  /** Recipients that came to their end, on the average of the last ten seconds; null: not known yet. */
  readonly perSecond: number | null;
  /** Until nobody is pending, at this rate; null: nobody can say. */
  readonly etaSeconds: number | null;
}

export interface ProgressEvent {
  /** Where to go on from. */
  readonly id: string;
  /** `end` is the last. */
  readonly event: 'progress' | 'end';
  readonly progress: ProgressDocument;
}

/** Newest first. */
export interface NotificationPage {
  readonly notifications: readonly NotificationSummary[];
  /** Null: this is the last. */
  readonly nextCursor: string | null;
}
