import type { FinalState, Lane, NotificationSummary, PauseReason } from '../../model/notification.ts';
import type { Options } from '../../model/options.ts';
import type { Reason } from '../../model/reasons.ts';
import type { IdempotencyScope, StoredReply } from './acceptance.ts';
import type { Audited } from './audit.ts';
import type { NotificationKey } from './notifications.ts';

/** What is asked of a notification after it was accepted, by people and by its own rules. */
export interface Interventions {
  /**
   * Marks a notification that is not finished: nobody more of it shall be sent anything. Asking twice is asking once.
   * Whoever claims has to ask `listChanged` after the claim, and whoever tells a caller has to tally after the mark:
   * then nobody who was counted as cancelled is sent anything any more. False: it was marked or finished already.
   */
  cancel(request: NotificationKey & Audited & { readonly at: number }): Promise<boolean>;
  /** Where everybody of a cancelled notification is, at one moment. Null: there is no such notification. */
  tallyCancelled(key: NotificationKey): Promise<CancelTally | null>;
  /**
   * Ends batches of cancelled notifications that nobody works on, `limit` at the most: those that wait, and those whose
   * owner died. Answers how many.
   */
  endCancelled(request: { readonly at: number; readonly limit: number }): Promise<number>;

  /**
   * Marks a notification that is neither finished nor cancelled: nobody more of it shall be sent anything until it is
   * resumed or its deadline has come. Asking twice is asking once; the first reason stays. Claims and tallies as with `cancel`.
   * False: it was marked already, or cannot be.
   */
  pause(request: NotificationKey & Audited & { readonly at: number; readonly reason: PauseReason }): Promise<boolean>;
  /** Takes the mark away. False: there was none. */
  resume(request: NotificationKey & Audited): Promise<boolean>;
  /** Where everybody of a notification is, at one moment. Null: there is no such notification. */
  tallyPaused(key: NotificationKey): Promise<PauseTally | null>;
  /**
   * Parks batches of notifications that were paused and lets go those of resumed ones, and of those whose deadline has
   * come, `limit` at the most. Answers how many.
   */
  settlePauses(request: { readonly at: number; readonly limit: number }): Promise<number>;
  /**
   * Gives a notification that is neither finished nor cancelled a later deadline, and one that counts however long its lane
   * would try. False: nothing changed.
   */
  extend(request: NotificationKey & Audited & { readonly at: number; readonly expiresAt: number }): Promise<boolean>;
  /**
   * Gives a notification another time, hours and lane, as long as nobody has taken any of it up. What waits is moved by
   * `settlePauses`; who takes it up before finds the new time and puts it off.
   */
  reschedule(request: RescheduleRequest): Promise<'rescheduled' | 'begun'>;
  /** Those of these notifications of which something was asked since they were accepted. */
  listChanged(request: { readonly notifications: readonly NotificationKey[] }): Promise<Change[]>;

  /**
   * Makes recipients pending again whom a notification did not reach, by state and reason: their logs go, the counters
   * move back, and they come due with a full number of attempts. Goes through a first stretch at once, and
   * `goOnRetrying` through the rest.
   */
  retry(request: RetryRequest): Promise<RetryAnswer>;
  findRetry(request: NotificationKey & { readonly no: number }): Promise<RetryState | null>;
  /** One stretch of a retry that is not over. Answers how many recipients were looked at; 0: there is nothing to do now. */
  goOnRetrying(request: { readonly at: number }): Promise<number>;

  /** Notifications that were sent by rules which have not done yet what they do; by key. */
  listRuled(request: { readonly after: NotificationKey | null; readonly limit: number }): Promise<RuledNotification[]>;
  /**
   * The canary of a notification was judged: it is paused, or those who follow are let go. False: it was judged before, or
   * there is nothing more to send.
   */
  concludeCanary(request: NotificationKey & { readonly at: number; readonly pauses: boolean }): Promise<boolean>;
  /** There is nothing more for them to do. */
  endRules(key: NotificationKey): Promise<void>;
}

export interface RescheduleRequest extends NotificationKey, Audited {
  readonly at: number;
  /** All of them, as they are from now on. */
  readonly options: Options;
  readonly lane: Lane;
  readonly expiresAt: number;
  /** Until it is worth taking up, ms. */
  readonly delayMs: number;
}

export interface RetryRequest extends NotificationKey, Audited {
  readonly at: number;
  readonly states: readonly FinalState[];
  /** Null: whatever it is. */
  readonly reasons: readonly Reason[] | null;
  /** Null: the deadline it has; where that is over, as long again as it had. */
  readonly expiresAt: number | null;
  /** The same key and fingerprint are the same retry. */
  readonly idempotency: Pick<IdempotencyScope & StoredReply, 'appId' | 'key' | 'fingerprint'> | null;
}

export type RetryAnswer =
  | { readonly kind: 'retrying' | 'replay'; readonly state: RetryState }
  /**
   * There is no such notification; it was cancelled; who its recipients were is kept no longer; another retry is not
   * over; the key was used with another body.
   */
  | { readonly kind: 'unknown' | 'cancelled' | 'removed' | 'running' | 'reused' };

export interface RetryState {
  /** From 1, of its notification. */
  readonly no: number;
  /** Are pending again. */
  readonly retried: number;
  /** Fit and stay: the provider says they have it, or what they alone were to be sent is not known any more. */
  readonly leftOut: number;
  readonly isOver: boolean;
}

/** What was asked of a notification since it was accepted. */
export interface Change extends NotificationKey {
  readonly isCancelled: boolean;
  readonly isPaused: boolean;
  /** Its deadline, epoch ms, where that is not what it was accepted with any more. */
  readonly expiresAt: number | null;
}

/** Each recipient is counted once. */
export interface PauseTally {
  /** Null: it is not paused. */
  readonly pausedAt: number | null;
  readonly reason: PauseReason | null;
  /** Are not being sent it: while it is paused nobody of them will be. */
  readonly waiting: number;
  /** In batches that a worker holds, may hold without knowing yet, or has died with: maybe sent. */
  readonly inFlight: number;
  readonly alreadyFinal: number;
}

/** Each recipient is counted once. */
export interface CancelTally {
  /** Null: it was finished before anybody asked. */
  readonly cancelledAt: number | null;
  /** Will not be sent it, by this cancel. */
  readonly cancelled: number;
  /** In the hands of a worker that may not know yet, or may have died with them: maybe sent. */
  readonly inFlight: number;
  /** Ended in another way before. */
  readonly alreadyFinal: number;
}

export interface RuledNotification {
  readonly notification: NotificationSummary;
  /** From this seq on all wait until the canary was judged; null: nobody does. */
  readonly heldFrom: number | null;
}
