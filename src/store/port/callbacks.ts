import type { CallbackEvent } from '../../model/callback.ts';
import type { NotificationSummary } from '../../model/notification.ts';
import type { NotificationKey } from './notifications.ts';

/** What callers are told of their notifications. */
export interface Callbacks {
  /** Of which notifications somebody is to be told, and how far each is; by key. */
  listCallbackWatches(request: {
    readonly after: NotificationKey | null;
    readonly limit: number;
  }): Promise<CallbackWatch[]>;
  /** Writes down what is to be told. What was before, whoever did, stays as it is. */
  addCallbacks(request: AddCallbacks): Promise<void>;
  /** Takes what may be tried now: token + 1, and nobody else's for `leaseMs`. */
  claimCallbacks(request: ClaimCallbacks): Promise<ClaimedCallback[]>;
  /** False: somebody else has claimed it since, and nothing is changed. */
  settleCallback(request: SettleCallback): Promise<boolean>;
  listCallbacks(key: NotificationKey): Promise<CallbackLine[]>;
}

export interface CallbackWatch extends NotificationKey {
  /** See `dueEvents`. */
  readonly told: number;
  /** Null: it is there no more. */
  readonly notification: NotificationSummary | null;
}

export interface AddCallbacks {
  readonly callbacks: readonly NewCallback[];
  /** How far each has been told with them; never goes back. */
  readonly told: readonly (NotificationKey & { readonly told: number })[];
  /** Of these there is nothing more to tell. */
  readonly over: readonly NotificationKey[];
}

export interface NewCallback extends CallbackKey {
  readonly event: CallbackEvent;
  readonly connectionId: string;
  /** Exactly what is sent, each time. */
  readonly body: string;
  /** The `traceparent` that telling it goes on with; null: there is no trace. */
  readonly trace: string | null;
  readonly at: number;
}

export interface CallbackKey extends NotificationKey {
  readonly eventNo: number;
}

export interface ClaimCallbacks {
  readonly limit: number;
  readonly leaseMs: number;
  /** Nothing of theirs. */
  readonly busyBots: readonly string[];
}

export interface ClaimedCallback extends CallbackKey {
  /** How often it was claimed: the fence. */
  readonly token: number;
  readonly connectionId: string;
  readonly body: string;
  readonly trace: string | null;
  readonly tries: readonly TriedCallback[];
}

export interface TriedCallback {
  readonly at: number;
  /** Null: there was no answer. */
  readonly status: number | null;
  /** A clean sentence; null: it was taken. */
  readonly detail: string | null;
  readonly durationMs: number;
}

export interface SettleCallback {
  readonly callback: CallbackKey & { readonly token: number };
  /** All there were. */
  readonly tries: readonly TriedCallback[];
  readonly next: { readonly delayMs: number } | 'delivered' | 'given_up';
}

export interface CallbackLine extends Pick<NewCallback, 'eventNo' | 'event' | 'connectionId'> {
  readonly createdAt: number;
  /** When it is tried next at the latest; null: never. */
  readonly dueAt: number | null;
  readonly state: 'pending' | 'delivered' | 'given_up';
  readonly tries: readonly TriedCallback[];
}
