import type { TSchema } from 'typebox';
import type { Clock, Random } from '../model/clock.ts';
import type { JsonObject } from '../model/json.ts';
import type { Message } from '../model/message.ts';
import type { News } from '../model/news.ts';
import type { Address, Outcome } from '../model/outcome.ts';
import type { Connection } from '../model/tenancy.ts';
import type { Outbound, OutboundResult } from './outbound.ts';

/**
 * What it means to be a channel: one file exporting one `Channel` object, listed once in `list.ts`. The engine knows
 * nothing else about providers. Every channel passes the shared exam (`exam.ts`).
 */
export interface Channel {
  /** Also the file name, the configuration's `channel:` and the docs page. */
  readonly id: string;
  /** Other spellings callers use; logs echo the caller's. */
  readonly aliases: readonly string[];
  /** The key under which a v2 caller names a recipient. */
  readonly identityKey: 'email' | 'spaceId' | 'phoneNumber';
  /** `directory`: an identity must be resolved to an address; `identity`: it is the address itself. */
  readonly addressing: 'directory' | 'identity';
  /** A bot may have several connections of this channel, told apart by name (webhookInstanceName). */
  readonly named: boolean;
  /** Schema of the connection's settings, without the keys every connection has. Secret keys carry `secret: true`. */
  readonly settings: TSchema;
  readonly defaults: ChannelDefaults;
  /** After an unknown outcome: try again and risk a double, or stop and say `unknown`. */
  readonly afterUnknown: 'retry' | 'hold';
  /** Identities that asked for silence, or are dead, are remembered and not written to again. */
  readonly keepsSilence?: true;
  /**
   * Whose quota the connection spends at the provider (`https://slack.com/api/ T0…`), no secret in it. Connections with
   * the same answer share one rate, its pauses and what it has learnt, whichever bots they belong to. Absent: each
   * connection has a quota of its own.
   */
  account?(connection: Connection): string;
  /**
   * The narrower limits that a send to the address counts against besides, as far as they are documented; the
   * recipient's own conversation first, since that is what a `busy` for the recipient pauses. Pure, and cheap: asked for
   * every send, and of what was learnt by it.
   */
  scopes?(connection: Connection, address: Address): readonly RateScope[];
  /** Starts no traffic; tokens are fetched on first use. */
  open(connection: Connection, tools: ChannelTools): ChannelSession;
  /**
   * Whether the provider tells over this connection that a message has arrived (receipts `delivered` or `read`, not only
   * of failures), as far as the configuration tells. Absent: it never does.
   */
  tellsArrival?(connection: Connection, publicUrl: string | null): boolean;
  /** Its sessions take messages back, and change them. */
  readonly amends?: true;
  /** Reads what the provider posts to us; absent where it posts nothing. Starts no traffic either. */
  openInbox?(connection: Connection, tools: ChannelTools): ChannelInbox;
  /** Tells a program behind the connection something that is no message to anybody; absent where there are only people. */
  openPost?(connection: Connection, tools: ChannelTools): SignedPost;
  /**
   * Why this message would be refused by the provider whoever it went to, as far as its documentation tells; null:
   * nothing found. Pure; asked once for each message before any call is made, so that nothing is burnt on it. Where
   * providers of one channel differ, the connection's `settings` tell more; without them only what all refuse is told.
   */
  inspect?(message: Message, settings?: Settings): MessageFault | null;
  /**
   * Makes a parameter's value harmless for where it is put. `path` is where in a native payload
   * (`attachments[0].content.body[1].text`), null in a plain text. Absent: values are put in as they are.
   */
  escapeValue?(value: string, path: string | null): string;
}

/** Posts signed JSON. Used by many at once; starts no traffic by itself. */
export interface SignedPost {
  post(letter: Letter): Promise<OutboundResult>;
}

export interface Letter {
  /** The same on every attempt; holds no full stop. */
  readonly id: string;
  /** JSON, exactly as it is sent. */
  readonly body: string;
  readonly traceparent?: string;
  readonly signal: AbortSignal;
}

export interface MessageFault {
  readonly reason: 'message_invalid' | 'message_too_large';
  /** One sentence that begins with the path of the fault: `blocks[2].text.text: has 3,412 characters; …`. */
  readonly detail: string;
}

/** Something within an account that has limits of its own: a conversation, a space, one method of an API. */
export interface RateScope {
  /** Unique within the account; the limits of a key never change. */
  readonly key: string;
  /** At most so many calls in any so many milliseconds; all of them hold. */
  readonly windows?: readonly RateWindow[];
  /** So many at once, and then one every so many milliseconds. */
  readonly bucket?: RateBucket;
}

export interface RateWindow {
  readonly calls: number;
  readonly ms: number;
}

export interface RateBucket {
  readonly burst: number;
  readonly everyMs: number;
}

export interface ChannelDefaults {
  /** Requests a second over the connection by the provider's documentation; null: none documented. */
  readonly perSecond: number | null;
  /** Sends in flight at once. */
  readonly concurrency: number;
}

export interface ChannelTools {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly random: Random;
  /** Where this server is reached from outside, ending in a slash; null: providers cannot call us back. */
  readonly publicUrl: string | null;
}

/** One open connection: credentials, caches, sockets. Used by many sends at once. */
export interface ChannelSession {
  /** One attempt. Resolves within the request's signal; never rejects for what a provider or the network did. */
  send(request: SendRequest): Promise<Outcome>;
  /**
   * Removes a message that was sent before; there where the channel `amends`. One that is not there any more counts as
   * removed, so that it can be tried again.
   */
  remove?(request: RemoveRequest): Promise<Outcome>;
  /** Puts another in its place, as often as it takes; there where the channel `amends`. */
  edit?(request: EditRequest): Promise<Outcome>;
  /**
   * Finds addresses of identities the directory does not have, in their order; absent where the provider has no
   * look-up. All that are unknown at one time come together, so that a bulk listing can serve them.
   */
  lookUp?(identities: readonly string[], signal: AbortSignal): Promise<readonly LookUp[]>;
  /** Are the credentials good? Sends nothing to anyone. */
  check(signal: AbortSignal): Promise<CheckResult>;
  close(): Promise<void>;
}

/** What it is to say. */
export interface EditRequest extends RemoveRequest, Pick<SendRequest, 'message'> {}

/** `messageId`: what `accepted` gave it. */
export interface RemoveRequest extends Pick<SendRequest, 'address' | 'signal' | 'nextCall'> {
  readonly messageId: string;
}

export interface SendRequest {
  /** Stable over all attempts at this recipient (`ms-…`): the provider's idempotency key where it takes one. */
  readonly key: string;
  /** With `seq` the recipient's name: what goes to the provider where it hands something back (`recipientRef`). */
  readonly notificationId: string;
  readonly seq: number;
  readonly botId: string;
  readonly identity: string;
  readonly address: Address;
  readonly message: Message;
  /** When the notification was accepted, or was to be sent if that is later; epoch ms. */
  readonly createdAt: number;
  /** What kind of message it is, which whoever gets it may decline; absent: none was said. */
  readonly category?: string;
  /** For providers that are somebody's own program, so that its traces go on with ours; absent: there is none. */
  readonly traceparent?: string;
  /** Ends the attempt: total send deadline, lost lease or shutdown. */
  readonly signal: AbortSignal;
  /**
   * The first call of a send is paid for. To be awaited before every other that counts against the account and the
   * scopes of the address (after a conversation was opened, a second try elsewhere): resolves when they have room for one
   * more, or when `signal` has ended, in which case the call will not go out. Never rejects.
   */
  nextCall(): Promise<void>;
}

/** `absent` is the provider's definite answer; `unavailable` means it could not be asked, so the recipient is retried. */
export type LookUp =
  | { readonly kind: 'found'; readonly address: Address }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly outcome: Exclude<Outcome, { kind: 'accepted' }> };

export type CheckResult =
  | { readonly ok: true; readonly detail: string }
  | { readonly ok: false; readonly detail: string };

/** One connection's ear. Used by many requests at once. */
export interface ChannelInbox {
  /**
   * Checks who speaks, then reads. Nothing in a request is believed before its signature or token was checked; one that
   * fails gets 401 or 403 and brings no news. The reply goes out after the news is durable. Never rejects for what the
   * request holds.
   */
  receive(request: CallbackRequest): Promise<Callback>;
}

/** What somebody sent to `/channels/:connectionId/{events,receipts}`. Hostile until proven otherwise. */
export interface CallbackRequest {
  readonly method: 'GET' | 'POST';
  readonly kind: 'events' | 'receipts';
  /** The URL the caller used, as far as `publicUrl` tells it: some signatures cover it. */
  readonly url: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The bytes as they came, which is what signatures cover; at most 1 MiB. */
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

export interface Callback {
  readonly reply: CallbackReply;
  readonly news: readonly News[];
  /** Why it was refused, for the log; no secret, no body. */
  readonly refused?: string;
}

export interface CallbackReply {
  readonly status: number;
  readonly type?: 'application/json' | 'text/plain' | 'text/xml' | 'text/html';
  /** More headers (`content-security-policy`); lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Where a connection's provider calls us back; null without a public URL. */
export function callbackUrl(
  { publicUrl }: Pick<ChannelTools, 'publicUrl'>,
  connectionId: string,
  kind: CallbackRequest['kind'],
): string | null {
  return publicUrl === null ? null : `${publicUrl}channels/${connectionId}/${kind}`;
}

/** Settings after the channel's schema accepted them. */
export type Settings = JsonObject;
