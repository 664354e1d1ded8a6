import type { Hours } from './hours.ts';
import type { JsonObject } from './json.ts';
import type { Retention } from './retention.ts';

export interface Bot {
  readonly id: string;
  readonly name: string;
  /** How many turns it has for each of a bot of weight 1; absent: 1. */
  readonly weight?: number;
  /** Nobody is written to within them, unless it is urgent and the sender says why; absent: there are none. */
  readonly quietHours?: Hours;
  /** Absent: those of all bots. */
  readonly limits?: CallLimits;
  /** Where it says nothing, that of all bots. */
  readonly retention?: Retention;
}

export const ALGORITHMS = ['HS256', 'HS512', 'RS256', 'RS512'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** A JWT client. `key` is the shared secret (HS…) or the PEM public key (RS…). */
export interface App {
  readonly clientId: string;
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly key: string;
  /** builder: only `bots`; admin: every bot. */
  readonly kind: 'builder' | 'admin';
  readonly bots: readonly string[];
  readonly scopes: readonly string[];
  readonly enforceJti: boolean;
  readonly enforceJwe: boolean;
  /** With the key it had before, which is good until then (epoch ms). */
  readonly former?: { readonly app: App; readonly until: number };
}

export interface ConnectionLimits {
  /** Requests a second over the whole connection; 0: no such limit; null: the channel's documented default. */
  readonly perSecond: number | null;
  /** Sends in flight at once; null: the channel's default. */
  readonly concurrency: number | null;
}

/** A bot's configured channel. `settings` were checked against the channel's own schema. */
export interface Connection {
  /** `dc-…` */
  readonly id: string;
  readonly botId: string;
  readonly channel: string;
  /** webhookInstanceName; null on channels of which a bot has one. */
  readonly name: string | null;
  readonly settings: JsonObject;
  readonly limits: ConnectionLimits;
  /** Loopback and private hosts are refused unless this is set. */
  readonly allowPrivateNetwork: boolean;
  /** Instead of the channel's own: after an answer was lost, try again and risk a double, or stop and say `unknown`. */
  readonly afterUnknown?: 'retry' | 'hold';
}

/** Rolling call limits of the Kore routes, per bot; 0 switches a window off. */
export interface CallLimits {
  readonly perMinute: number;
  readonly perHour: number;
}

/** Who may call and where messages go. Read on every request, so look-ups are synchronous and from memory. */
export interface Tenancy {
  readonly callLimits: CallLimits;
  /** How long what a bot has sent is kept. */
  retention(botId: string): Retention;
  app(clientId: string): App | null;
  bot(botId: string): Bot | null;
  bots(): readonly Bot[];
  connections(botId: string): readonly Connection[];
  /** `name` null takes the bot's only or first connection of that channel. */
  connection(botId: string, channel: string, name: string | null): Connection | null;
  connectionById(connectionId: string): Connection | null;
}

export const SCOPE_SEND = 'channel_management:proactive_messages';
export const SCOPE_DIRECTORY = 'directory:write';
/** For apps of kind `admin`. */
export const SCOPE_ADMIN = 'admin:write';
