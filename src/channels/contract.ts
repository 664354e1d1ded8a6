import type { TSchema } from 'typebox';
import type { Clock, Random } from '../model/clock.ts';
import type { JsonObject } from '../model/json.ts';
import type { Message } from '../model/message.ts';
import type { Address, Outcome } from '../model/outcome.ts';
import type { Connection } from '../model/tenancy.ts';
import type { Outbound } from './outbound.ts';

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
  /** Starts no traffic; tokens are fetched on first use. */
  open(connection: Connection, tools: ChannelTools): ChannelSession;
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
}

/** One open connection: credentials, caches, sockets. Used by many sends at once. */
export interface ChannelSession {
  /** One attempt. Resolves within the request's signal; never rejects for what a provider or the network did. */
  send(request: SendRequest): Promise<Outcome>;
  /** Finds addresses of identities the directory does not have; absent where the provider has no look-up. */
  lookUp?(identity: string, signal: AbortSignal): Promise<LookUp>;
  /** Are the credentials good? Sends nothing to anyone. */
  check(signal: AbortSignal): Promise<CheckResult>;
  close(): Promise<void>;
}

export interface SendRequest {
  /** Stable over all attempts at this recipient (`ms-…`): the provider's idempotency key where it takes one. */
  readonly key: string;
  readonly botId: string;
  readonly identity: string;
  readonly address: Address;
  readonly message: Message;
  /** When the notification was accepted, epoch ms. */
  readonly createdAt: number;
  /** Ends the attempt: total send deadline, lost lease or shutdown. */
  readonly signal: AbortSignal;
}

/** `absent` is the provider's definite answer; `unavailable` means it could not be asked, so the recipient is retried. */
export type LookUp =
  | { readonly kind: 'found'; readonly address: Address }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly outcome: Exclude<Outcome, { kind: 'accepted' }> };

export type CheckResult =
  | { readonly ok: true; readonly detail: string }
  | { readonly ok: false; readonly detail: string };

/** Settings after the channel's schema accepted them. */
export type Settings = JsonObject;
