import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { CHANNELS, findChannel } from './channels/channels.ts';
import { createOutbound } from './channels/outbound-http.ts';
import { tracedOutbound } from './channels/traced-outbound.ts';
import type { LoadedConfig } from './config/file.ts';
import type { Settings } from './config/settings.ts';
import { Activity } from './engine/activity.ts';
import { Engine } from './engine/engine.ts';
import type { Moments } from './engine/moments.ts';
import { watchQueue } from './engine/queue-watch.ts';
import { repeat } from './engine/repeat.ts';
import { keepTime } from './engine/timekeeping.ts';
import { watchWal } from './engine/wal-watch.ts';
import { createApp } from './http/app.ts';
import { choosePlatformKey } from './http/auth/platform-key.ts';
import { openConsole } from './http/console/console.ts';
import { Doors } from './http/doors.ts';
import { createHealthApp } from './http/health-app.ts';
import { makeSetUpLink, makeSignInLink } from './http/session/links.ts';
import { createMetrics } from './metrics/metrics.ts';
import { type Clock, type Random, systemClock } from './model/clock.ts';
import type { Logger } from './model/logger.ts';
import type { Meter } from './model/meter.ts';
import { openScriptRenderer } from './render/script/renderer.ts';
import { openStoreApart } from './store/apart.ts';
import { openStore } from './store/open.ts';
import type { Store } from './store/port.ts';
import { openRegistry } from './tenancy/open-registry.ts';
import type { Registry } from './tenancy/registry.ts';
import type { OpenTracer } from './tracing/open-tracer.ts';

export interface ServeOptions {
  readonly settings: Settings;
  readonly config: LoadedConfig;
  readonly logger: Logger;
  /** Comes with `open`: a store in a thread of its own keeps the system's time. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Null: nobody collects traces. Closed with the server. */
  readonly tracer?: OpenTracer | null;
  readonly moments?: Moments;
  /** How the store is opened; tests put a broken one here to see their checks go red. */
  readonly open?: (url: string, options: { readonly clock: Clock }) => Promise<Store>;
}

export interface RunningServer {
  /** `http://host:port` */
  readonly url: string;
  readonly address: AddressInfo;
  readonly engine: Engine;
  /** Where the first admin is made; null: there are operators already. */
  makeSetUpLink(): Promise<string | null>;
  /** Where an operator is signed in at once; it is made if nobody has the e-mail. */
  makeSignInLink(who: { readonly name: string; readonly email: string }): Promise<string>;
  /** Stops without losing or repeating anything; resolves when all is closed. Safe to call twice. */
  drain(): Promise<void>;
  /** Resolves once everything is closed, whoever asked for it. */
  readonly closed: Promise<void>;
}

/** What callers between two calls are given to find out that they should go elsewhere. */
const LAST_CALLS_MS = 1_000;

/**
 * Goes on answering for as long as a balancer may need to see that this server is no longer ready, and then until no
 * connection is open any more, or for a while.
 */
async function untilLeft(doors: Doors, lingerMs: number, clock: Clock): Promise<void> {
  const pause = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  await pause(lingerMs);
  const endsAt = clock.monotonic() + LAST_CALLS_MS;
  while (clock.monotonic() < endsAt && (await doors.countConnections()) > 0) await pause(50);
}

/** Before anything is served: the time, and what was configured over the API. */
function prepare({ settings, config, logger }: ServeOptions, store: Store, clock: Clock) {
  return Promise.all([keepTime({ store, clock, logger }), openRegistry({ store, settings, config, logger, clock })]);
}

/** Where `npm run build:console` puts it. */
const CONSOLE_FOLDER = fileURLToPath(new URL('../dist/console', import.meta.url));

const FOLLOW_EVERY_MS = 1_000;

/** Takes up what other servers over the same database configured. */
function followChanges(
  registry: Registry,
  { clock, logger }: Pick<ServeOptions, 'logger'> & { readonly clock: Clock },
) {
  const onError = (error: unknown) => logger.error('taking up configuration failed', { error });
  return repeat({ clock, everyMs: FOLLOW_EVERY_MS, task: () => registry.refresh(), onError });
}

/** SQLite keeps whoever calls it waiting for the disk; PostgreSQL does not. */
const openServed = (url: string, options: { readonly clock: Clock }): Promise<Store> =>
  url.startsWith('sqlite:') ? openStoreApart(url) : openStore(url, options);

const describe = (engine: Engine) => ({
  engine: engine.snapshot(),
  connections: engine.describeConnections().map(({ state: { rate, pausedMs, heldMs }, ...connection }) => ({
    ...connection,
    allowed: rate.allowed,
    now: rate.now,
    pausedMs,
    heldMs,
  })),
});

/** Of all others there is nothing to be told. */
const describeBusy = (engine: Engine) =>
  engine
    .describeConnections()
    .filter(({ state }) => state.inFlight + state.waiting + state.heldMs + state.pausedMs > 0 || state.rate.share < 1)
    .map(({ id, botId, state }) => ({ botId, connectionId: id, state }));

/**
 * The composition root: the only file that knows every concrete thing. Rejects when the store cannot be opened
 * (`StoreHeld`, `StoreUnavailable`, `SchemaTooNew`) or the port cannot be bound, and then leaves nothing open.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { settings, logger, clock = systemClock, random = Math.random, tracer = null } = options;
  const store = await (options.open ?? openServed)(settings.database, { clock });
  const [time, registry] = await prepare(options, store, clock).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const { tenancy } = registry;
  const wal = watchWal({ store, clock, logger, maxBytes: settings.maxWalMb * 1024 * 1024 });
  const outbound = tracer === null ? createOutbound() : tracedOutbound(createOutbound());
  const tools = { outbound, clock: time.clock, random, publicUrl: settings.publicUrl };
  const renderer = openScriptRenderer({ clock });
  const metrics = createMetrics();
  const activity = new Activity({
    store,
    clock: time.clock,
    describeConnections: () => describeBusy(engine),
    onError: (error) => logger.error('telling what was done failed', { error }),
  });
  const meter: Meter = {
    ...metrics.meter,
    ended(of, logs) {
      metrics.meter.ended(of, logs);
      activity.ended(of, logs);
    },
  };
  const engine = new Engine({
    store,
    tenancy,
    refreshTenancy: () => registry.refresh(),
    findChannel,
    tools,
    renderer,
    clock: time.clock,
    random,
    logger,
    leaseMs: settings.leaseMs,
    meter,
    ...(tracer && { tracer }),
    ...(options.moments ? { moments: options.moments } : {}),
  });
  store.onEnded((ends) => meter.endedUnworked(ends));
  const lookAtQueue = watchQueue({ store, clock });
  // A database of one process has no other server that a balancer could turn to.
  const lingerMs = store.kind === 'postgres' ? settings.lingerMs : 0;
  registry.onChange(() => engine.heedTenancy());
  let draining = false;
  const app = (settings.role === 'worker' ? createHealthApp : createApp)({
    store: wal.guard(store),
    tenancy,
    registry,
    channels: CHANNELS,
    tools,
    clock: time.clock,
    logger,
    engine,
    backlogLimits: settings,
    maxRefusedTokens: settings.maxRefusedTokens,
    trustProxy: settings.trustProxy,
    ...(tracer && { tracer }),
    oidc: options.config.oidc,
    // Without a key of its own the server publishes one nobody depends on: apps that enforce JWE need a lasting key.
    platformKey: await choosePlatformKey(settings.platformKey),
    ...(settings.console === 'on' && { console: openConsole(CONSOLE_FOLDER) }),
    isDraining: () => draining,
    describeWal: () => wal.describe(),
    metrics: { ...metrics, render: async () => metrics.render({ ...describe(engine), queue: await lookAtQueue() }) },
  });
  const doors = new Doors(app);
  // Of a database of one process nobody else changes anything.
  const stopFollowing = store.kind === 'sqlite' ? () => {} : followChanges(registry, { clock, logger });
  const closed = Promise.withResolvers<void>();

  async function closeAll(): Promise<void> {
    draining = true;
    stopFollowing();
    logger.info('server draining');
    // Meanwhile every answer asks its caller to call elsewhere: one whose connection is cut cannot know what became of it.
    await Promise.all([engine.drain(settings.drainMs), untilLeft(doors, lingerMs, clock)]);
    await activity.stop();
    await renderer.close();
    await doors.close();
    await outbound.close();
    time.stop();
    wal.stop();
    await store.close();
    await tracer?.close();
    logger.info('server stopped');
    closed.resolve();
  }

  try {
    await doors.open(settings);
  } catch (error) {
    stopFollowing();
    time.stop();
    wal.stop();
    await Promise.allSettled([doors.close(), outbound.close(), store.close()]);
    throw error;
  }
  if (settings.role !== 'api') {
    await engine.start();
    activity.start();
  }
  logger.info('server started', { store: store.kind, schemaVersion: await store.schemaVersion() });
  const restored = await store.findRestored();
  if (restored !== null) {
    const detail = 'nothing is sent: decide with `beckon restore --release` or `--conclude`';
    logger.warn('restored database waits for a decision', { recipients: restored.recipients, detail });
  }
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no address');
  let drained: Promise<void> | null = null;
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  const links = { store, clock, base: settings.publicUrl ?? url };
  return {
    url,
    address,
    engine,
    makeSetUpLink: () => makeSetUpLink(links),
    makeSignInLink: (who) => makeSignInLink(who, links),
    drain: () => {
      drained ??= closeAll();
      return drained;
    },
    closed: closed.promise,
  };
}
