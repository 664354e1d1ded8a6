import assert from 'node:assert/strict';
import { Type } from 'typebox';
import type { Channel, ChannelSession, LookUp, SendRequest } from '../../src/channels/contract.ts';
import { Engine } from '../../src/engine/engine.ts';
import { connectionId, derivedId } from '../../src/model/ids.ts';
import type { Log, Notification, Recipient } from '../../src/model/notification.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { Connection } from '../../src/model/tenancy.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A real engine over a real store, with a channel and a clock that the test holds in its hands. */
export interface EngineRig {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly engine: Engine;
  readonly bots: readonly RigBot[];
  /** Every send, with the time it began and the connection it went over. */
  readonly sends: readonly RigSend[];
  readonly lines: readonly string[];
  /** `own`: what is special about the first of them. */
  accept(
    bot: RigBot,
    identities: readonly string[],
    more?: Partial<Notification>,
    own?: readonly Partial<Recipient>[],
  ): Promise<string>;
  /** Puts people with an address `to:<identity>` into the directory. */
  know(bot: RigBot, identities: readonly string[]): Promise<void>;
  logs(bot: RigBot, notificationId: string): Promise<Log[]>;
  close(): Promise<void>;
}

export type RigSend = SendRequest & { readonly at: number; readonly connectionId: string };

export interface RigBot {
  readonly botId: string;
  readonly connectionId: string;
  /** All of its connections, that one first. */
  readonly connectionIds: readonly string[];
}

export interface RigOptions {
  readonly channel?: Partial<Channel>;
  /** How many bots there are, each with connections of its own; default 1. */
  readonly bots?: number;
  /** Of each bot; default 1. */
  readonly connections?: number;
  readonly perSecond?: number | null;
  readonly concurrency?: number;
  /** As what the store, which is SQLite's, poses. */
  readonly kind?: Store['kind'];
  readonly send?: (request: SendRequest, connectionId: string) => Outcome | Promise<Outcome>;
  readonly lookUp?: (identities: readonly string[], signal: AbortSignal) => Promise<readonly LookUp[]>;
}

export const accepted: Outcome = { kind: 'accepted', providerMessageId: 'm-1' };

export async function openEngineRig(options: RigOptions = {}): Promise<EngineRig> {
  const { perSecond = null, concurrency = 10, send = () => accepted, lookUp } = options;
  const clock = new VirtualClock();
  const opened = await openStore('sqlite::memory:', { clock });
  const store: Store = { ...opened, kind: options.kind ?? opened.kind };
  const sends: RigSend[] = [];
  const lines: string[] = [];
  const sessionOf = ({ id }: Connection): ChannelSession => ({
    async send(request) {
      sends.push({ ...request, at: clock.now(), connectionId: id });
      return send(request, id);
    },
    ...(lookUp === undefined ? {} : { lookUp }),
    check: async () => ({ ok: true, detail: '' }),
    close: async () => {},
  });
  const channel: Channel = {
    id: 'toy',
    aliases: [],
    identityKey: 'email',
    addressing: 'directory',
    named: false,
    settings: Type.Object({}),
    defaults: { perSecond: null, concurrency },
    afterUnknown: 'retry',
    open: sessionOf,
    ...options.channel,
  };
  const bots = Array.from({ length: options.bots ?? 1 }, (_, index) => {
    const botId = derivedId('st', `rig ${index}`);
    const names = [null, ...Array.from({ length: (options.connections ?? 1) - 1 }, (_, more) => `toy ${more + 1}`)];
    const connectionIds = names.map((name) => connectionId(botId, 'toy', name));
    return { botId, connectionId: connectionId(botId, 'toy', null), connectionIds };
  });
  const connections = bots.flatMap(({ botId, connectionIds }) =>
    connectionIds.map(
      (id): Connection => ({
        id,
        botId,
        channel: 'toy',
        name: null,
        settings: {},
        limits: { perSecond, concurrency },
        allowPrivateNetwork: false,
      }),
    ),
  );
  const engine = new Engine({
    store,
    tenancy: {
      callLimits: { perMinute: 0, perHour: 0 },
      retention: () => ({}),
      app: () => null,
      bot: () => null,
      bots: () => bots.map(({ botId }) => ({ id: botId, name: 'Rig' })),
      connections: (botId) => connections.filter((connection) => connection.botId === botId),
      connection: () => null,
      connectionById: (id) => connections.find((connection) => connection.id === id) ?? null,
    },
    findChannel: () => channel,
    tools: {
      outbound: { request: () => assert.fail(), close: async () => {} },
      clock,
      random: () => 0,
      publicUrl: null,
    },
    renderer: { render: () => assert.fail('no script was expected'), close: async () => {} },
    clock,
    random: () => 0,
    logger: loggerInto(lines),
    leaseMs: 30_000,
  });
  let accepts = 0;
  return {
    clock,
    store,
    engine,
    bots,
    sends,
    lines,
    async accept({ botId, connectionId: id }, identities, more = {}, own = []) {
      const notification = newNotification(botId, id, accepts++, clock.now(), identities.length);
      const recipients = identities.map((identity, seq) => ({ ...UNTRIED, ...own[seq], seq, identity }));
      await store.accept({ notification: { ...notification, ...more }, recipients, delayMs: 0, idempotency: null });
      engine.wake();
      return notification.id;
    },
    async know({ botId, connectionId: id }, identities) {
      await store.saveAddresses({
        addresses: identities.map((identity) => ({
          botId,
          connectionId: id,
          channel: 'toy',
          connectionName: null,
          identity,
          address: { channelId: `to:${identity}`, reference: null },
          source: 'import',
          at: 1,
        })),
      });
    },
    logs: ({ botId }, notificationId) => store.listLogs({ botId, notificationId, afterSeq: -1, limit: 10_000 }),
    async close() {
      // Time has to move for what a drain waits for.
      await Promise.all([engine.drain(0), clock.advance(1_000)]);
      await store.close();
    },
  };
}

const UNTRIED = { customMessage: null, parameters: null, attempts: 0, maybeSent: false };

function newNotification(botId: string, id: string, count: number, now: number, total: number): Notification {
  return {
    botId,
    id: derivedId('ds', `rig ${botId} ${count}`),
    api: 'native',
    appId: 'cs-1',
    createdBy: 'u-1',
    channel: 'toy',
    channelSpelling: 'toy',
    connectionId: id,
    resolve: true,
    lane: 'normal',
    message: { type: 'text', text: 'Hello' },
    total,
    createdAt: now,
    expiresAt: now + 86_400_000,
  };
}

function loggerInto(lines: string[]) {
  const at =
    (level: string) =>
    (event: string, fields: { readonly detail?: unknown } = {}) => {
      lines.push(fields.detail === undefined ? `${level} ${event}` : `${level} ${event}: ${fields.detail}`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
