import type { Lane, PauseReason } from '../model/notification.ts';
import type { HoursBody, NativeMessage, SendBody, TextMessage } from './send-documents.ts';

/** What a cancel did, each recipient counted once. Asked again it says the same, or that those in flight have ended. */
export interface Cancellation {
  readonly id: string;
  /** Null: it had finished before. */
  readonly cancelledAt: string | null;
  /** Are not sent it any more. */
  readonly cancelled: number;
  /** Being sent it just now, or in the hands of a server that died: they may get it, and their log will say so. */
  readonly inFlight: number;
  /** Had ended in another way before. */
  readonly alreadyFinal: number;
}

/** Where everybody is of a notification that is or was paused, each recipient counted once. */
export interface PauseState {
  readonly id: string;
  /** Null: it is not paused. */
  readonly pausedAt: string | null;
  readonly pausedReason: PauseReason | null;
  /** Are not being sent it; not at all while it is paused. */
  readonly waiting: number;
  /** Being sent it just now, or in one batch with somebody who is: they may get it. */
  readonly inFlight: number;
  readonly alreadyFinal: number;
}

/** What is absent stays as it is. */
export interface RescheduleBody {
  /** ISO 8601; null: it may be sent at once. */
  readonly sendAt?: string | null;
  readonly window?: HoursBody | null;
  readonly priority?: Lane;
}

/** Whom to send a notification again. */
export interface RetryAsked {
  readonly only?: {
    /** Absent: the failed; with reasons, all of these. */
    readonly states?: readonly ('failed' | 'unknown' | 'expired' | 'suppressed')[];
    /** Codes of the catalogue of reasons. */
    readonly reasons?: readonly string[];
  };
  /** ISO 8601. Absent: the deadline it has; where that is over, as long again as it had. */
  readonly expiresAt?: string;
}

/** What a retry has done. */
export interface RetryState {
  readonly id: string;
  /** The how manieth of the notification it is. */
  readonly retry: number;
  /** Are pending again. */
  readonly retried: number;
  /** Fit and stay as they are: the provider says they have it, or what they alone were to be sent is not known any more. */
  readonly leftOut: number;
  /** False: it goes on. */
  readonly isComplete: boolean;
  readonly expiresAt: string;
}

/** The deadline that counts, and for how many. */
export interface Extension {
  readonly id: string;
  readonly expiresAt: string;
  readonly pending: number;
  readonly alreadyFinal: number;
}

/** What is taken back. `recallId` is a notification of its own, in which who is delivered has it no more. */
export interface Recall {
  readonly id: string;
  /** Null: there is nobody to take it back from. */
  readonly recallId: string | null;
  readonly recipients: number;
  /** Delivered over channels that take nothing back. */
  readonly cannot: number;
  /** False: those who have it are still being looked up. */
  readonly isComplete: boolean;
}

export interface EditAsked extends Pick<SendBody, 'parameters'> {
  readonly message: TextMessage | NativeMessage;
}

/** What is changed. `editId` is a notification of its own, in which who is delivered sees the new message. */
export interface Edit extends Omit<Recall, 'recallId'> {
  readonly editId: string | null;
}
