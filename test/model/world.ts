import { randomBytes } from 'node:crypto';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { type Client, createClient } from '../../src/client/client.ts';
import { createTenancy } from '../../src/config/tenancy.ts';
import { Engine } from '../../src/engine/engine.ts';
import { createApp } from '../../src/http/app.ts';
import { choosePlatformKey } from '../../src/http/auth/platform-key.ts';
import { connectionId, derivedId } from '../../src/model/ids.ts';
import { type App, type Connection, SCOPE_DIRECTORY, SCOPE_SEND } from '../../src/model/tenancy.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port.ts';
import { Registry } from '../../src/tenancy/registry.ts';
import { Vault } from '../../src/tenancy/vault.ts';
import { ownTimeOf } from '../support/leap.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { BIRDS, PostOffice } from './post-office.ts';

/** The whole server in this process, over a real store, under a clock and between providers that the test holds. */
export interface World {
  readonly client: Client;
  readonly office: PostOffice;
  readonly botIds: readonly string[];
  now(): number;
  /** What a call answers, however long it takes by the world's clock. */
  during<T>(call: Promise<T>): Promise<T>;
  /** Nothing is left to do before something is due later. */
  settle(): Promise<void>;
  /** So much time passes at once; what is due by then is done. */
  leap(ms: number): Promise<void>;
  /** Another process takes over: this one gives back what it has not begun. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly database: string;
  /** One for every run. */
  readonly bots: number;
  /** A bug that the model must find. */
  readonly around?: (store: Store) => Store;
}

const SECRET = 'model-secret-of-more-than-32-bytes-in-all';
const clientId = derivedId('cs', 'model');
const NO_LIMITS = { perMinute: 0, perHour: 0 };
/** Half of what fails within this long makes a breaker open; no command is to feel what the one before left behind. */
const BREAKER_MS = 22_000;
/** Longer than the engine ever rests. */
const LOOK_MS = 1_200;
const CALL_STEP_MS = 25;

export async function openWorld({ database, bots, around = (store) => store }: WorldOptions): Promise<World> {
  let underWay = 0;
  const clock = new VirtualClock(undefined, async () => {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet = underWay === 0 ? quiet + 1 : 0) await setImmediate();
  });
  const opened = await openStore(database, { clock });
  const time = database.startsWith('sqlite:') ? null : await ownTimeOf(database);
  const store = around(counted(opened, (by) => (underWay += by)));
  const botIds = Array.from({ length: bots }, (_, run) => derivedId('st', `model ${run}`));
  const tenancy = createTenancy({
    bots: botIds.map((id) => ({ id, name: 'Model' })),
    apps: [appOf(botIds)],
    connections: botIds.flatMap((botId) => BIRDS.map((channel) => connectionOf(botId, channel))),
    callLimits: NO_LIMITS,
  });
  const office = new PostOffice();
  const channels = office.channels;
  const findChannel = (id: string) => channels.find((channel) => channel.id === id) ?? null;
  const registry = new Registry({
    store,
    vault: new Vault({ store, masterKey: randomBytes(32) }),
    declared: { path: 'beckon.yaml', tenancy, apps: [appOf(botIds)] },
    channels: { ids: channels.map(({ id }) => id), find: findChannel, refuseUrl: () => null },
    canDecrypt: false,
    clock,
    logger: SILENT,
  });
  await registry.refresh();
  const outbound = { request: () => Promise.reject(new Error('no call was expected')), close: async () => {} };
  const tools = { outbound, clock, random: () => 0.999, publicUrl: null };
  const renderer = { render: () => Promise.reject(new Error('no script was expected')), close: async () => {} };
  const parts = { store, tenancy: registry.tenancy, findChannel, tools, renderer, clock, random: tools.random };
  const newEngine = () => new Engine({ ...parts, logger: SILENT, leaseMs: 30_000 });
  let engine = newEngine();
  await engine.start();
  const app = createApp({
    store,
    tenancy: registry.tenancy,
    registry,
    channels,
    tools,
    clock,
    logger: SILENT,
    engine: {
      wake: () => engine.wake(),
      heedCallers: () => engine.heedCallers(),
      heedAudiences: () => engine.heedAudiences(),
      describeConnection: () => null,
    },
    platformKey: await choosePlatformKey(null),
    backlogLimits: { maxBotBacklog: 0, maxBacklog: 0 },
    maxRefusedTokens: 0,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const token = await new SignJWT({ appId: clientId, sub: 'model' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));
  const client = createClient({ url, token });

  const during = async <T>(call: Promise<T>): Promise<T> => {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    call.then(over, over);
    while (!isOver) {
      await pause(1);
      if (!isOver) await clock.advance(CALL_STEP_MS);
    }
    return call;
  };
  const pass = async (ms: number, move: (ms: number) => Promise<void>) => {
    await time?.leap(ms);
    await move(ms);
  };
  const settle = async () => {
    await pass(LOOK_MS, (ms) => clock.advance(ms));
    await pass(BREAKER_MS, (ms) => clock.leap(ms));
    await pass(LOOK_MS, (ms) => clock.advance(ms));
  };
  const stop = (old: Engine) => during(old.drain(1_000));
  return {
    client,
    office,
    botIds,
    now: () => clock.now(),
    during,
    settle,
    async leap(ms) {
      await pass(ms, (by) => clock.leap(by));
      await settle();
    },
    async restart() {
      await stop(engine);
      engine = newEngine();
      await engine.start();
      await settle();
    },
    async close() {
      await stop(engine);
      app.server.closeAllConnections();
      await app.close();
      await opened.close();
      await time?.end();
    },
  };
}

const QUIET_TURNS = 12;

/** Tells how many questions are being answered. */
function counted(store: Store, count: (by: 1 | -1) => void): Store {
  const verbs = Object.entries(store).map(([name, verb]) => {
    if (typeof verb !== 'function') return [name, verb];
    const ask = (...args: unknown[]) => {
      const answer: unknown = Reflect.apply(verb, store, args);
      if (!(answer instanceof Promise)) return answer;
      count(1);
      return answer.finally(() => count(-1));
    };
    return [name, ask];
  });
  return Object.fromEntries(verbs);
}

const appOf = (bots: readonly string[]): App => ({
  clientId,
  name: 'Model',
  algorithm: 'HS256',
  key: SECRET,
  kind: 'builder',
  bots: [...bots],
  scopes: [SCOPE_SEND, SCOPE_DIRECTORY],
  enforceJti: false,
  enforceJwe: false,
});

const connectionOf = (botId: string, channel: string): Connection => ({
  id: connectionId(botId, channel, null),
  botId,
  channel,
  name: null,
  settings: {},
  limits: { perSecond: 0, concurrency: null },
  allowPrivateNetwork: false,
});

const nothing = () => {};
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };
