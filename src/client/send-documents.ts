import type { Exclusion } from '../model/audience.ts';
import type { CallbackEvent } from '../model/callback.ts';
import type { FallBackCause } from '../model/fall-back.ts';
import type { GivenHours } from '../model/hours.ts';
import type { JsonObject } from '../model/json.ts';
import type { Lane } from '../model/notification.ts';
import type { PeopleFilter } from '../model/people-filter.ts';

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
