import type { AuditHead, AuditRecord } from '../model/audit.ts';
import type { JsonObject } from '../model/json.ts';
import type { Role } from '../model/operator.ts';
import type { Ask } from './client.ts';

/** A change and who asked for it; `hash` is SHA-256 over [previous, botId, seq, at, …] as JSON. Times are ISO 8601. */
export interface AuditEntry extends Omit<AuditRecord, 'at'> {
  readonly kind: 'change';
  readonly at: string;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Where the chain ends. */
  readonly head: AuditHead;
  readonly nextCursor: string | null;
}

/** `botId` null: what is of no one bot. */
export interface AuditRequest {
  readonly botId: string | null;
  readonly signal?: AbortSignal;
}

/** Calls of a bot on Kore's routes, rolling; 0 switches a window off. */
export interface CallLimits {
  readonly perMinute: number;
  readonly perHour: number;
}

/** `weight`: turns where bots share an account. What is left out is as if it had never been said. */
export interface BotBody {
  readonly name?: string;
  readonly weight?: number;
  readonly limits?: CallLimits;
  /** How long things are kept after the end of a notification, such as 90d. */
  readonly retention?: { readonly recipients?: string; readonly notifications?: string; readonly callbacks?: string };
}

export interface ManagedBot extends Required<BotBody> {
  readonly id: string;
  /** `file`: it is read-only over the API. */
  readonly declaredIn: 'file' | 'api';
}

export interface ConnectionBody {
  readonly botId: string;
  readonly channel: string;
  /** Of channels of which a bot has several. */
  readonly name?: string | null;
  /** By channel: docs/channels/. Secrets that are left out, or `***`, stay as they are. */
  readonly settings: JsonObject;
  readonly limits?: { readonly perSecond?: number | null; readonly concurrency?: number | null };
  readonly allowPrivateNetwork?: boolean;
  readonly afterUnknown?: 'retry' | 'hold' | null;
}

export interface ManagedConnection extends Required<ConnectionBody> {
  readonly id: string;
  readonly declaredIn: 'file' | 'api';
}

/** A channel there is. */
export interface ChannelDescription {
  readonly id: string;
  /** A bot may have several connections of it, told apart by name. */
  readonly named: boolean;
  /** JSON Schema of what the settings of a connection hold; `secret: true` stands at what is kept sealed. */
  readonly settings: JsonObject;
  readonly defaults: { readonly perSecond: number | null; readonly concurrency: number };
}

/** HS256 and HS512 have a `clientSecret`, made for you when left out; RS256 and RS512 a `publicKey` in PEM form. */
export interface AppKey {
  readonly clientSecret?: string;
  readonly publicKey?: string;
}

export interface AppBody extends AppKey {
  readonly algorithm: 'HS256' | 'HS512' | 'RS256' | 'RS512';
  readonly name?: string;
  readonly kind?: 'builder' | 'admin';
  readonly bots?: readonly string[];
  readonly scopes?: readonly string[];
  readonly enforceJti?: boolean;
  readonly enforceJwe?: boolean;
}

export interface ManagedApp extends Required<Omit<AppBody, keyof AppKey>> {
  readonly clientId: string;
  readonly declaredIn: 'file' | 'api';
  /** Until when the key before is good as well; null: there is none. */
  readonly formerKeyUntil: string | null;
}

export interface SavedApp {
  readonly app: ManagedApp;
  /** Made for you, and told this once. */
  readonly clientSecret: string | null;
}

export interface PageRequest {
  /** 1 to 500. */
  readonly limit?: number;
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

interface Signalled {
  readonly signal?: AbortSignal;
}

/** For apps of kind `admin`. All calls reject with `ClientError`. */
export interface Admin {
  /** Newest first. */
  audit(request: AuditRequest & { readonly limit?: number; readonly cursor?: string }): Promise<AuditPage>;
  /** NDJSON as it arrives: the chain from its first entry on, its head, then every send. */
  exportAudit(request: AuditRequest): Promise<ReadableStream<Uint8Array>>;
  /** What the configuration file declares can be looked at, and nothing more. */
  readonly bots: {
    list(page?: PageRequest): Promise<{ readonly bots: readonly ManagedBot[]; readonly nextCursor: string | null }>;
    get(botId: string, options?: Signalled): Promise<ManagedBot>;
    save(botId: string, body: BotBody, options?: Signalled): Promise<ManagedBot>;
    remove(botId: string, options?: Signalled): Promise<void>;
  };
  /** What can be connected to, and what each has to be told. */
  channels(options?: Signalled): Promise<{ readonly channels: readonly ChannelDescription[] }>;
  readonly connections: {
    list(botId: string, options?: Signalled): Promise<{ readonly connections: readonly ManagedConnection[] }>;
    get(connectionId: string, options?: Signalled): Promise<ManagedConnection>;
    /** Bot, channel and name say which one it is. */
    save(body: ConnectionBody, options?: Signalled): Promise<ManagedConnection>;
    remove(connectionId: string, options?: Signalled): Promise<void>;
    /** Asks the provider now whether the credentials are good. */
    check(connectionId: string, options?: Signalled): Promise<{ readonly ok: boolean; readonly detail: string }>;
  };
  readonly operators: OperatorAdmin;
  readonly apps: {
    list(page?: PageRequest): Promise<{ readonly apps: readonly ManagedApp[]; readonly nextCursor: string | null }>;
    get(clientId: string, options?: Signalled): Promise<ManagedApp>;
    save(clientId: string, body: AppBody, options?: Signalled): Promise<SavedApp>;
    /** Another key, good at once; the one before is good for `overlapHours` (24) more. */
    rotate(clientId: string, key?: AppKey & { readonly overlapHours?: number }, options?: Signalled): Promise<SavedApp>;
    remove(clientId: string, options?: Signalled): Promise<void>;
  };
}

/** Somebody who signs in to the console. Times are ISO 8601. */
export interface ManagedOperator {
  /** `op-…` */
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  /** Of an admin it says nothing: that is all. */
  readonly bots: readonly string[];
  readonly createdAt: string;
  /** The last time; null: never yet. */
  readonly signedInAt: string | null;
  /** Null: may sign in. */
  readonly disabledAt: string | null;
  /** `providers`: names of those they came through. */
  readonly signsInWith: { readonly password: boolean; readonly providers: readonly string[] };
}

export interface Invitation {
  readonly operator: ManagedOperator;
  /** The link, good once and for a week. */
  readonly invitation: string;
  readonly expiresAt: string;
}

export interface OperatorBody {
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly bots?: readonly string[];
}

export interface OperatorChanges extends Partial<Omit<OperatorBody, 'email'>> {
  /** True: signed out everywhere, and may not sign in. */
  readonly disabled?: boolean;
}

export interface OperatorAdmin {
  list(options?: Signalled): Promise<{ readonly operators: readonly ManagedOperator[] }>;
  /** Nobody is written to: the answer holds the link. */
  invite(body: OperatorBody): Promise<Invitation>;
  /** A link with which they choose a new password. */
  inviteAgain(operatorId: string): Promise<Invitation>;
  change(operatorId: string, changes: OperatorChanges): Promise<ManagedOperator>;
  /** Everywhere; they may sign in again. */
  signOut(operatorId: string): Promise<{ readonly sessions: number }>;
  /** Forgets who they are to providers of identities. */
  unlink(operatorId: string): Promise<void>;
  remove(operatorId: string): Promise<void>;
}

/** What the calls of `Admin` are made of. */
export interface AdminCalls {
  /** `…/api/v1/admin` */
  readonly url: string;
  readonly ask: Ask;
  stream(
    url: string,
    mediaType: 'application/x-ndjson',
    signal: AbortSignal | undefined,
  ): Promise<ReadableStream<Uint8Array>>;
}

export function createAdmin({ url, ask, stream }: AdminCalls): Admin {
  const withQuery = (path: string, query: Readonly<Record<string, string | number>>) => {
    const given = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
    return `${url}/${path}?${new URLSearchParams(given)}`;
  };
  const auditUrl = ({ botId }: AuditRequest, page: Readonly<Record<string, string | number>> = {}) =>
    withQuery('audit', { ...(botId !== null && { botId }), ...page });
  const things = <Page, Thing, Body extends object, Saved>(kind: 'bots' | 'apps') => {
    const one = (id: string) => `${url}/${kind}/${encodeURIComponent(id)}`;
    return {
      list: ({ signal, ...page }: PageRequest = {}) => ask<Page>('GET', withQuery(kind, page), signal),
      get: (id: string, { signal }: Signalled = {}) => ask<Thing>('GET', one(id), signal),
      save: (id: string, body: Body, { signal }: Signalled = {}) => ask<Saved>('PUT', one(id), signal, { body }),
      remove: (id: string, { signal }: Signalled = {}) => ask<void>('DELETE', one(id), signal),
    };
  };
  const operators = `${url}/operators`;
  const operator = (id: string, verb = '') => `${operators}/${encodeURIComponent(id)}${verb}`;
  const connection = (id: string) => `${url}/connections/${encodeURIComponent(id)}`;
  return {
    audit: ({ signal, botId, ...page }) => ask('GET', auditUrl({ botId }, page), signal),
    exportAudit: (request) => stream(auditUrl(request), 'application/x-ndjson', request.signal),
    bots: things('bots'),
    channels: ({ signal } = {}) => ask('GET', `${url}/channels`, signal),
    connections: {
      list: (botId, { signal } = {}) => ask('GET', withQuery('connections', { botId }), signal),
      get: (id, { signal } = {}) => ask('GET', connection(id), signal),
      save: (body, { signal } = {}) => ask('PUT', `${url}/connections`, signal, { body }),
      remove: (id, { signal } = {}) => ask('DELETE', connection(id), signal),
      check: (id, { signal } = {}) => ask('POST', `${connection(id)}/check`, signal),
    },
    operators: {
      list: ({ signal } = {}) => ask('GET', operators, signal),
      invite: (body) => ask('POST', operators, undefined, { body }),
      inviteAgain: (id) => ask('POST', operator(id, '/invitation'), undefined),
      change: (id, body) => ask('PATCH', operator(id), undefined, { body }),
      signOut: (id) => ask('POST', operator(id, '/sign-out'), undefined),
      unlink: (id) => ask('DELETE', operator(id, '/identities'), undefined),
      remove: (id) => ask('DELETE', operator(id), undefined),
    },
    apps: {
      ...things('apps'),
      rotate: (id, key = {}, { signal } = {}) =>
        ask('POST', `${url}/apps/${encodeURIComponent(id)}/rotate`, signal, { body: key }),
    },
  };
}
