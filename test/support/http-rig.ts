import assert from 'node:assert/strict';
import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { CompactSign } from 'jose';
import { CHANNELS } from '../../src/channels/channels.ts';
import { createOutbound } from '../../src/channels/outbound-http.ts';
import { createTenancy } from '../../src/config/tenancy.ts';
import { type AppParts, createApp } from '../../src/http/app.ts';
import { choosePlatformKey, type FindPlatformKey } from '../../src/http/auth/platform-key.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { Hours } from '../../src/model/hours.ts';
import { connectionId } from '../../src/model/ids.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { LogFields, Logger } from '../../src/model/logger.ts';
import type { OidcProvider } from '../../src/model/oidc.ts';
import type { Retention } from '../../src/model/retention.ts';
import {
  type App,
  type CallLimits,
  type Connection,
  SCOPE_ADMIN,
  SCOPE_DIRECTORY,
  SCOPE_SEND,
} from '../../src/model/tenancy.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port.ts';
import { CATALOG } from '../../src/tenancy/open-registry.ts';
import { Registry } from '../../src/tenancy/registry.ts';
import { Vault } from '../../src/tenancy/vault.ts';
import { noteUndeclared } from './declared-codes.ts';

/** A real app over a real store on a free loopback port, with a clock that stands still until told. */
export interface Rig {
  readonly url: string;
  readonly port: number;
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly clock: ManualClock;
  readonly platformKey: FindPlatformKey;
  /** Every log line so far: event and fields. */
  readonly lines: readonly { readonly event: string; readonly fields: LogFields }[];
  wakes(): number;
  close(): Promise<void>;
}

export interface ManualClock extends Clock {
  /** Moves both times and runs what became due. */
  advance(ms: number): void;
  /** How many tasks wait for their time. */
  waiting(): number;
}

export const BOT = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';
export const OTHER_BOT = 'st-00000000-0000-5000-8000-000000000002';
export const UNKNOWN_BOT = 'st-00000000-0000-5000-8000-00000000dead';
/** 2026-03-01T10:00:00.789Z */
export const START = 1_772_359_200_789;

export const SECRET = 'an-honest-secret-of-enough-bytes-for-HS512-too-0123456789-abcdefgh';
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const builder: App = {
  clientId: 'cs-builder',
  name: 'Builder',
  algorithm: 'HS256',
  key: SECRET,
  kind: 'builder',
  bots: [BOT],
  scopes: [SCOPE_SEND, SCOPE_DIRECTORY],
  enforceJti: false,
  enforceJwe: false,
};

export const APPS: readonly App[] = [
  builder,
  { ...builder, clientId: 'cs-hs512', algorithm: 'HS512' },
  { ...builder, clientId: 'cs-rs256', algorithm: 'RS256', key: publicPem },
  { ...builder, clientId: 'cs-rs512', algorithm: 'RS512', key: publicPem },
  { ...builder, clientId: 'cs-both', bots: [BOT, OTHER_BOT] },
  { ...builder, clientId: 'cs-other', bots: [OTHER_BOT] },
  { ...builder, clientId: 'cs-sender', bots: [BOT, OTHER_BOT], scopes: [SCOPE_SEND] },
  { ...builder, clientId: 'cs-librarian', bots: [BOT, OTHER_BOT], scopes: [SCOPE_DIRECTORY] },
  { ...builder, clientId: 'cs-admin', kind: 'admin', bots: [] },
  { ...builder, clientId: 'cs-operator', kind: 'admin', bots: [], scopes: [SCOPE_ADMIN] },
  { ...builder, clientId: 'cs-upstart', scopes: [SCOPE_ADMIN] },
  { ...builder, clientId: 'cs-scopeless', scopes: [] },
  { ...builder, clientId: 'cs-scopeless-admin', kind: 'admin', bots: [], scopes: ['another:scope'] },
  { ...builder, clientId: 'cs-jti', enforceJti: true },
  { ...builder, clientId: 'cs-jwe', enforceJwe: true },
  { ...builder, clientId: 'cs-weak', key: 'short' },
];

const CONNECTIONS: readonly Connection[] = [
  connection(BOT, 'msteams', null),
  connection(BOT, 'slack', null),
  connection(BOT, 'ivr', 'Webhook'),
  connection(BOT, 'ivr', 'Second'),
  connection(BOT, 'hangoutchat', null),
  connection(BOT, 'whatsapp', null),
  connection(OTHER_BOT, 'msteams', null),
];

/** Nothing of the HTTP surface calls anybody by itself. */
const NOWHERE = {
  request: () => Promise.reject(new Error('no call was expected')),
  close: async () => {},
};

const MASTER_KEY = randomBytes(32);
const NO_LIMITS: CallLimits = { perMinute: 0, perHour: 0 };

export async function startRig(
  options: Partial<
    Pick<
      AppParts,
      'limits' | 'backlogLimits' | 'isDraining' | 'channels' | 'console' | 'trustProxy' | 'maxRefusedTokens'
    >
  > & {
    /** Where people reach it; with a port it listens there. */
    readonly publicUrl?: string;
    /** Providers of identities, whom it may then call. */
    readonly oidc?: readonly OidcProvider[];
    readonly callLimits?: CallLimits;
    /** Of `BOT`. */
    readonly quietHours?: Hours;
    /** Of all bots. */
    readonly retention?: Retention;
    readonly database?: string;
    /** Null: the server was started without one. */
    readonly secretKey?: Uint8Array | null;
    /** Puts something between the app and the store, to see what a broken store does. */
    readonly around?: (store: Store) => Store;
  } = {},
): Promise<Rig> {
  const clock = createManualClock(START);
  const store = await openStore(options.database ?? 'sqlite::memory:', { clock });
  const platformKey = await choosePlatformKey(null);
  const lines: { event: string; fields: LogFields }[] = [];
  let wakes = 0;
  const tenancy = createTenancy({
    bots: [
      { id: BOT, name: 'HR assistant', ...(options.quietHours && { quietHours: options.quietHours }) },
      { id: OTHER_BOT, name: 'Another tenant' },
    ],
    apps: APPS,
    connections: CONNECTIONS,
    callLimits: options.callLimits ?? NO_LIMITS,
    ...(options.retention && { retention: options.retention }),
  });
  const registry = new Registry({
    store,
    vault: new Vault({ store, masterKey: options.secretKey === undefined ? MASTER_KEY : options.secretKey }),
    declared: { path: '/etc/beckon.yaml', tenancy, apps: APPS },
    channels: CATALOG,
    canDecrypt: true,
    clock,
    logger: recordInto(lines),
  });
  await registry.refresh();
  const outbound = options.oidc === undefined ? NOWHERE : createOutbound();
  const app = createApp({
    store: options.around?.(store) ?? store,
    tenancy: registry.tenancy,
    registry,
    channels: options.channels ?? CHANNELS,
    tools: { outbound, clock, random: () => 0.5, publicUrl: options.publicUrl ?? null },
    clock,
    logger: recordInto(lines),
    engine: { wake: () => wakes++, heedCallers: () => {}, heedAudiences: () => {}, describeConnection: () => null },
    platformKey,
    backlogLimits: options.backlogLimits ?? { maxBotBacklog: 0, maxBacklog: 0 },
    maxRefusedTokens: options.maxRefusedTokens ?? 0,
    ...(options.limits && { limits: options.limits }),
    ...(options.isDraining && { isDraining: options.isDraining }),
    ...(options.console && { console: options.console }),
    ...(options.trustProxy && { trustProxy: options.trustProxy }),
    ...(options.oidc && { oidc: options.oidc }),
  });
  const undeclared = noteUndeclared(app);
  const port = Number(new URL(options.publicUrl ?? 'http://none').port);
  const url = await app.listen({ host: '127.0.0.1', port });
  return {
    url,
    port: Number(new URL(url).port),
    app,
    store,
    clock,
    platformKey,
    lines,
    wakes: () => wakes,
    async close() {
      // Whoever was cut off connects again, and its clock stands still.
      app.server.on('connection', (socket) => socket.destroy());
      app.server.closeAllConnections();
      await app.close();
      await outbound.close();
      await store.close();
      assert.deepEqual(undeclared, [], 'problems that their operation does not tell of');
    },
  };
}

/** A compact JWS over any header and payload, honest or not; text payloads are signed as they are. */
export async function sign(
  payload: JsonObject | string,
  header: { readonly alg: string; readonly [name: string]: unknown } = { alg: 'HS256' },
  key: KeyObject = createSecretKey(Buffer.from(SECRET)),
): Promise<string> {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return new CompactSign(Buffer.from(text)).setProtectedHeader(header).sign(key);
}

export const tokenFor = (clientId: string, claims: JsonObject = {}): Promise<string> =>
  sign({ sub: 'tester', appId: clientId, ...claims });

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

export async function call(
  rig: Rig,
  path: string,
  init: RequestInit & { readonly headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await fetch(rig.url + path, init);
  const isEndless = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = isEndless ? await readBeginning(response) : await response.text();
  return { status: response.status, headers: response.headers, text, json: parseOrNull(text) };
}

/** What a stream of events has to say at once; then it is left. */
async function readBeginning({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return new TextDecoder().decode(first?.value);
}

/** POSTs JSON to a Kore route of the bot as the builder app, unless told otherwise. */
export async function post(
  rig: Rig,
  route: string,
  body: unknown,
  options: { readonly token?: string; readonly bot?: string; readonly headers?: Record<string, string> } = {},
): Promise<Reply> {
  return call(rig, `/api/public/bot/${options.bot ?? BOT}/${route}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      auth: options.token ?? (await tokenFor('cs-builder')),
      ...options.headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function connection(botId: string, channel: string, name: string | null): Connection {
  return {
    id: connectionId(botId, channel, name),
    botId,
    channel,
    name,
    settings: {},
    limits: { perSecond: null, concurrency: null },
    allowPrivateNetwork: false,
  };
}

function createManualClock(start: number): ManualClock {
  let now = start;
  const tasks = new Map<() => void, number>();
  return {
    now: () => now,
    monotonic: () => now - start,
    after(delayMs, task) {
      const entry = () => task();
      tasks.set(entry, now + delayMs);
      return () => tasks.delete(entry);
    },
    waiting: () => tasks.size,
    advance(ms) {
      now += ms;
      for (const [task, dueAt] of tasks) {
        if (dueAt > now) continue;
        tasks.delete(task);
        task();
      }
    },
  };
}

function recordInto(lines: { event: string; fields: LogFields }[]): Logger {
  const add = (event: string, fields: LogFields = {}) => void lines.push({ event, fields });
  return { debug: add, info: add, warn: add, error: add };
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
