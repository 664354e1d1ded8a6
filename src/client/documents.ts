import type { Exclusion } from '../model/audience.ts';
import type { CallbackEvent, CallbackOptions } from '../model/callback.ts';
import type { FallBackCause } from '../model/fall-back.ts';
import type { GivenHours, Hours } from '../model/hours.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { ReceiptCounts, ReceiptState } from '../model/news.ts';
import type { Api, Counts, FinalState, Lane, PauseReason } from '../model/notification.ts';
import type { PeopleFilter } from '../model/people-filter.ts';
import type { Canary, PauseWhen } from '../model/rules.ts';
import type { TemplateKey, TemplateParameter } from '../model/template.ts';

/** Kore's words for a whole notification; it is over when it is not IN_PROGRESS. */
export type KoreStatus = 'IN_PROGRESS' | 'SUCCESS' | 'FAILURE' | 'PARTIAL_SUCCESS';

/** One recipient's line. `koreId`, `channelId` and `messagestoreId` are there on success only. Times are ISO 8601. */
export interface StatusLog {
  readonly _id: string;
  readonly requestId: string;
  readonly createdBy: string;
  readonly channel: string;
  readonly comments: string;
  readonly streamId: string;
  readonly koreId?: string;
  readonly channelId?: string;
  readonly messagestoreId?: string;
  readonly originalId: string;
  readonly status: 'SUCCESS' | 'FAILURE';
  readonly createdOn: string;
  readonly __v: number;
}

/** What a send answers; `_id` is the request id to ask for later. */
export interface Job {
  readonly _id: string;
  readonly status: KoreStatus;
  readonly percentageComplete: number;
  readonly streamId: string;
  readonly jobType: string;
  readonly action: string;
  readonly countOfDockStatuses: number;
  readonly createdBy: string;
  readonly store: { readonly identitiesCount: number };
  readonly statusLogs: readonly StatusLog[];
  readonly lMod: string;
  readonly createdOn: string;
  readonly requestedTime: string;
  readonly __v: number;
}

/** The status document of v1. */
export interface JobStatus extends Job {
  readonly count: number;
}

/** The status document of v2. */
export interface JobStatusV2 {
  readonly statusLogs: readonly StatusLog[];
  readonly count: number;
  readonly status: KoreStatus;
  readonly streamId: string;
}

/** The body of a v1 send. */
export interface NotifyBody {
  readonly channel: string;
  readonly userIdentityType: 'resolve' | 'donotresolve';
  readonly message: { readonly type: 'text' | 'script'; readonly val: string };
  readonly identities: readonly string[];
}

/** The body of a v2 send. Each recipient is named by its channel's key: `email`, `spaceId` or `phoneNumber`. */
export interface NotifyV2Body {
  readonly channel: string;
  readonly webhookInstanceName?: string;
  readonly userIdentityType?: 'resolve';
  readonly message: { readonly type: 'text' | 'template' | 'script'; readonly value: Json };
  readonly identities: readonly NotifyV2Identity[];
}

export interface NotifyV2Identity {
  readonly email?: string;
  readonly spaceId?: string;
  readonly phoneNumber?: string;
  readonly customMessage?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** What a native send says, to whomever. */
interface SendWords {
  /** This, or `channels`. */
  readonly channel?: string;
  /** Its name or id; absent: the first the bot has of the channel. */
  readonly connection?: string;
  /** In order: whoever is not reached on one is sent it on the next, and nobody on two. */
  readonly channels?: readonly SendChannel[];
  /** This, or a template. */
  readonly message?: SendMessage;
  /** What kind of message it is; whoever declined it is not sent it. */
  readonly category?: string;
  /** For what is urgent: why it goes to those as well. */
  readonly overridePreferences?: { readonly reason: string };
  /** Absent version: the newest of that moment. */
  readonly template?: { readonly name: string; readonly version?: number };
  /** What `{name}` stands for in the message, for all. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly priority?: Lane;
  /** ISO 8601 with its zone; nothing is sent before it. */
  readonly sendAt?: string;
  /** Nobody is sent it outside these hours: it waits for them. */
  readonly window?: HoursBody;
  /** Nobody is sent it within these hours: it waits until they are over. */
  readonly quietHours?: HoursBody;
  /** Sends it within the bot's own quiet hours as well; only with priority urgent. The reason is kept with it. */
  readonly overrideQuietHours?: { readonly reason: string };
  /** ISO 8601 with its zone; nothing is sent after it. */
  readonly expiresAt?: string;
  /** The first of them (`first`, or `share` of all) go ahead; the others follow or it is paused. */
  readonly canary?: {
    readonly first?: number;
    readonly share?: number;
    /** Absent: 0.05. */
    readonly maxFailureShare?: number;
    /** Absent: continue. */
    readonly next?: 'continue' | 'pause';
  };
  /** It pauses by itself when too many fail, once. */
  readonly pauseWhen?: {
    readonly failureShare: number;
    /** Absent: 100. */
    readonly after?: number;
  };
  /** Who is told how far it is, by signed webhooks. */
  readonly callback?: {
    /** The name or id of a webhook connection (ivr) of the bot. */
    readonly connection: string;
    /** Absent: all. */
    readonly on?: readonly CallbackEvent[];
    /** Into so many parts the recipients are divided, 1 to 100; absent: 10. */
    readonly steps?: number;
  };
  /** Whoever is named again ends as suppressed. */
  readonly deduplicate?: boolean;
  /** Who is left out, however they are named: they end as suppressed. */
  readonly exclude?: Exclusion;
}

/** The body of a native send. */
export interface SendBody extends SendWords {
  /** Identities, or objects that name one and what is special about it; or whoever of the directory fits a filter. */
  readonly recipients: readonly (string | SendRecipient)[] | { readonly filter: FilterBody };
}

/** Whoever fits all that is said; everybody only where that is said. */
export interface FilterBody extends PeopleFilter {
  readonly everybody?: true;
}

/** What a preflight answered, or the id of an upload that is not sealed. */
export interface PlanBody {
  readonly planId: string;
}

/** The same for more recipients than one call takes: they come in chunks, and nobody is sent anything before the seal. */
export interface OpenBody extends SendWords {
  readonly audience: { readonly upload: true };
}

/** A chunk of recipients that is on disk. */
export interface AudienceChunk {
  readonly chunk: number;
  readonly recipients: number;
  /** Of these, are not sent anything. */
  readonly suppressed: number;
}

/** What was uploaded so far. */
export interface AudiencePage {
  readonly recipients: number;
  readonly suppressed: number;
  readonly endsAt: string;
  readonly chunks: readonly (AudienceChunk & { readonly sha256: string })[];
  readonly nextCursor: string | null;
}

export type SendMessage = TextMessage | NativeMessage | { readonly type: 'script'; readonly val: string };

export interface SendChannel {
  readonly channel: string;
  readonly connection?: string;
  /** What is said on this channel, instead of the message of all. */
  readonly message?: SendMessage;
  /** What has to happen on the channel before; absent: any of those that can. Not for the first. */
  readonly on?: readonly FallBackCause[];
  /** ISO 8601 (`PT10M`): how long a receipt of the channel before is waited for; goes with `no_receipt`. */
  readonly receiptWithin?: string;
  /** Also for those who may have been sent it on the channel before; they may then have it twice. */
  readonly onUnknown?: boolean;
}

/** Hours of the week, by the clock on somebody's wall: `{ days: ['mon', 'tue'], from: '08:00', until: '20:00' }`. */
export type HoursBody = GivenHours;

export interface TextMessage {
  readonly type: 'text';
  readonly val: string;
}

export interface NativeMessage {
  readonly type: 'native';
  readonly payload: JsonObject;
}

/** Named by `identity` or by the key of the channel, one of them. */
export interface SendRecipient {
  readonly identity?: string;
  readonly email?: string;
  readonly phoneNumber?: string;
  readonly spaceId?: string;
  readonly message?: TextMessage | NativeMessage;
  readonly parameters?: Readonly<Record<string, string>>;
}

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

/** Which recipients; what is absent excludes nobody. */
export interface RecipientFilter {
  readonly states?: readonly FinalState[];
  /** Codes of the catalogue of reasons. */
  readonly reasons?: readonly string[];
  /** What the identity begins with. */
  readonly prefix?: string;
  readonly identity?: string;
}

/** What became of one recipient whose delivery has ended. */
export interface LedgerRecipient {
  readonly seq: number;
  /** The one of its channels on which it ended. */
  readonly channel: string;
  readonly connectionId: string;
  readonly identity: string;
  readonly state: FinalState;
  /** A code of the catalogue, and what to do about it; null when delivered. */
  readonly reason: string | null;
  readonly hint: string | null;
  /** What the provider said. */
  readonly detail: string | null;
  readonly personId: string | null;
  readonly channelId: string | null;
  readonly providerMessageId: string | null;
  readonly attempts: number;
  readonly maybeDoubled: boolean;
  readonly at: string;
  readonly tookMs: number;
  /** The channels on which it did not end, in order, and why not. */
  readonly tried: readonly {
    readonly channel: string;
    readonly connectionId: string;
    readonly reason: string;
    readonly hint: string | null;
    readonly detail: string | null;
    readonly attempts: number;
  }[];
  /** What the provider said later. */
  readonly receipt: {
    readonly state: ReceiptState;
    readonly at: string;
    readonly reason: string | null;
    readonly hint: string | null;
    readonly detail: string | null;
  } | null;
}

export interface RecipientPage {
  readonly recipients: readonly LedgerRecipient[];
  readonly nextCursor: string | null;
}

/** An identity that is not written to. */
export interface Suppression {
  readonly identity: string;
  readonly reason: 'opted_out' | 'address_dead';
  readonly detail: string | null;
  readonly since: string;
}

export interface SuppressionPage {
  readonly suppressions: readonly Suppression[];
  readonly nextCursor: string | null;
}

/** What a template says. */
export interface TemplateDefinition {
  readonly description?: string;
  /** What the `{name}` tokens stand for; each has to be declared. */
  readonly parameters?: Readonly<Record<string, TemplateParameter>>;
  /** By language tag. */
  readonly variants: Readonly<Record<string, TemplateVariant>>;
  /** The tag of the variant for whoever speaks none of the others. */
  readonly default: string;
}

export interface TemplateVariant {
  readonly message: TextMessage | NativeMessage;
  /** Instead of it on these channels. */
  readonly channels?: Readonly<Record<string, TextMessage | NativeMessage>>;
}

export interface TemplateSummary {
  readonly name: string;
  readonly version: number;
  readonly createdAt: string;
  /** `u-…` */
  readonly createdBy: string;
}

/** A version of a template, which never changes. */
export interface Template extends TemplateSummary, TemplateDefinition {
  readonly latest: number;
  /** Null: it can be sent. */
  readonly archivedAt: string | null;
}

export interface TemplatePage {
  readonly templates: readonly TemplateSummary[];
  /** Null: this is the last. */
  readonly nextCursor: string | null;
}

/** What somebody would be sent. */
export interface Rehearsed {
  readonly seq: number;
  readonly identity: string;
  readonly personId: string;
  /** The tag of the variant; null: there is but one. */
  readonly language: string | null;
  /** Null: a script would have to print it. */
  readonly message: TextMessage | NativeMessage | null;
}

export interface TemplatePreview extends Rehearsed {
  /** Why they would not get it; null: nothing is known against it. */
  readonly fault: { readonly reason: string; readonly detail: string | null } | null;
}

/** What would become of a notification. */
export interface Preflight {
  /** Launches just this, until `planExpiresAt`; null: there is nobody to send it to. */
  readonly planId: string | null;
  readonly planExpiresAt: string | null;
  /** False: there are so many that not all were looked at; ask again with the `planId`. */
  readonly isComplete: boolean;
  readonly recipients: number;
  /** Of those who are neither named again nor left out. */
  readonly rehearsed: number;
  readonly ready: number;
  /** With those who are ready it adds up. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The first hundred. */
  readonly failing: readonly {
    readonly seq: number;
    readonly identity: string;
    readonly reason: string;
    readonly hint: string;
    readonly detail: string | null;
  }[];
  /** How many would get which variant of a template. */
  readonly languages: Readonly<Record<string, number>>;
  /** Whose message a script prints, which is not run. */
  readonly unrendered: number;
  readonly samples: readonly Rehearsed[];
  readonly forecast: {
    readonly waiting: number;
    readonly perSecond: number | null;
    readonly finishesAt: string | null;
  };
}

/** What a person does not want to be sent. */
export interface Preferences {
  readonly optOuts: readonly {
    readonly category: string;
    /** Null: over any. */
    readonly channel: string | null;
  }[];
}

/** How far it is to take somebody out of everything a bot has. */
export interface Erasure {
  readonly id: string;
  /** False: it goes on. */
  readonly isComplete: boolean;
  readonly looked: number;
  readonly erased: number;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}
