import type { FastifyInstance } from 'fastify';
import type { Channel, ChannelTools } from '../channels/contract.ts';
import type { Clock } from '../model/clock.ts';
import type { JsonObject } from '../model/json.ts';
import type { Logger } from '../model/logger.ts';
import { silentMeter } from '../model/meter.ts';
import type { Lane } from '../model/notification.ts';
import type { OidcProvider } from '../model/oidc.ts';
import { SCOPE_SEND, type Tenancy } from '../model/tenancy.ts';
import type { Tracer } from '../model/tracer.ts';
import type { Store } from '../store/port.ts';
import type { Registry } from '../tenancy/registry.ts';
import { type BacklogLimits, BoundedBacklog } from './accept/bounded-backlog.ts';
import { type ChannelFacts, createCatalog } from './accept/channel-catalog.ts';
import { CallsInWork, limitWork } from './accept/limit-work.ts';
import { createGate } from './auth/gate.ts';
import type { FindPlatformKey } from './auth/platform-key.ts';
import { expectPace } from './body-pace.ts';
import { callbackRoutes } from './callbacks/callbacks.ts';
import type { Console } from './console/console.ts';
import { KORE_PREFIX } from './error-handler.ts';
import { answerAlive, createReadiness } from './health.ts';
import { createJwks } from './jwks.ts';
import { createCallLimit } from './kore/limit-calls.ts';
import { createNotify } from './kore/notify.ts';
import { overloadedReply } from './kore/overloaded-reply.ts';
import { parseV1 } from './kore/parse-v1.ts';
import { parseV2 } from './kore/parse-v2.ts';
import { statusReplyV1, statusReplyV2 } from './kore/replies.ts';
import { createStatus } from './kore/status.ts';
import { openKoreSurface } from './kore/surface.ts';
import { endLastConnections } from './last-connections.ts';
import { takeLeave } from './leave-takings.ts';
import { requireJsonBody } from './media-type.ts';
import { appRoutes } from './native/admin/apps.ts';
import { auditRoute } from './native/admin/audit.ts';
import { botRoutes } from './native/admin/bots.ts';
import { channelRoute } from './native/admin/channels.ts';
import { adminConnectionRoutes } from './native/admin/connections.ts';
import { operatorRoutes } from './native/admin/operators.ts';
import { audienceRoutes } from './native/audience/routes.ts';
import { callbackLogRoute } from './native/callbacks.ts';
import { connectionRoutes } from './native/connections.ts';
import { NATIVE_PREFIX } from './native/context.ts';
import { editRoute } from './native/edit-notification.ts';
import { erasureRoutes } from './native/erasures.ts';
import { eventsRoute } from './native/events/events.ts';
import { extendRoute } from './native/extend-notification.ts';
import { listRoute } from './native/list-notifications.ts';
import { notificationRoutes } from './native/notifications.ts';
import { overviewRoute } from './native/overview.ts';
import { ownBotsRoute } from './native/own-bots.ts';
import { pauseRoutes } from './native/pause-notification.ts';
import { peopleRoutes } from './native/people.ts';
import { preferenceRoutes } from './native/preferences.ts';
import { preflightRoute } from './native/preflight.ts';
import { previewRoute } from './native/preview.ts';
import { recallRoute } from './native/recall-notification.ts';
import { rescheduleRoute } from './native/reschedule-notification.ts';
import { retryRoute } from './native/retry-notification.ts';
import { sendRoute } from './native/send-notification.ts';
import { templateRoutes } from './native/templates.ts';
import { timelineRoute } from './native/timeline.ts';
import { recordRoutes } from './openapi/record-routes.ts';
import { showProblemPage } from './problem-pages.ts';
import { PROBLEM_PAGES } from './problems.ts';
import { REFERENCE, showReference, showReferenceAsset } from './reference.ts';
import { RefusalTally } from './refusal-tally.ts';
import { DEFAULT_LIMITS, openServer, type ServerLimits } from './server.ts';
import { sessionRoutes } from './session/routes.ts';
import { Sessions } from './session/sessions.ts';
import { createMetricsReply, type MetricsPage } from './show-metrics.ts';
import { turnAway } from './turn-away.ts';

export interface AppParts {
  readonly store: Store;
  readonly tenancy: Tenancy;
  /** Where it is changed. */
  readonly registry: Registry;
  /** Every channel there is; what a bot may use of them is in the tenancy. */
  readonly channels: readonly (ChannelFacts & Pick<Channel, 'open' | 'openInbox' | 'settings' | 'defaults'>)[];
  /** What the inboxes of channels work with. */
  readonly tools: ChannelTools;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly engine: {
    /** Something has become due, of this lane. */
    wake(lane?: Lane): void;
    /** Something was cancelled, paused, resumed, extended or retried. */
    heedCallers(): void;
    /** Recipients are to be gathered. */
    heedAudiences(): void;
    /** What it does on a connection just now; null: nothing yet. */
    describeConnection(connectionId: string): JsonObject | null;
  };
  readonly platformKey: FindPlatformKey;
  readonly limits?: Partial<ServerLimits>;
  readonly backlogLimits: BacklogLimits;
  /** Tokens of one address, and of one app, that are refused in a minute before the next are told to wait; 0: no limit. */
  readonly maxRefusedTokens: number;
  /** True once shutdown began; `/readyz` then answers 503. */
  readonly isDraining?: () => boolean;
  /** The write-ahead log of the database; null: it has none. */
  readonly describeWal?: () => JsonObject | null;
  readonly metrics?: MetricsPage;
  /** Absent: callers are who the socket says. */
  readonly trustProxy?: readonly string[];
  /** Absent: nothing is served but the API. */
  readonly console?: Console;
  readonly tracer?: Tracer;
  /** Where operators may be signed in besides here; absent: nowhere. */
  readonly oidc?: readonly OidcProvider[];
}

/** The whole HTTP surface. Listens nowhere yet: call `listen` on what comes back. */
export function createApp(parts: AppParts): FastifyInstance {
  const { store, clock, logger } = parts;
  const limits = { ...DEFAULT_LIMITS, ...parts.limits };
  const meter = parts.metrics?.meter ?? silentMeter;
  const tally = new RefusalTally({ clock, logger, meter });
  const { trustProxy = [] } = parts;
  const behind = { trustProxy, ...(parts.console && { console: parts.console }) };
  const app = openServer(limits, { logger, clock, tally, meter, ...behind });
  const publicUrl = parts.tools.publicUrl;
  const sessions = new Sessions({ store, clock, publicUrl });
  const gate = createGate({ ...parts, sessions });
  const isDraining = parts.isDraining ?? (() => false);
  const leave = { clock, restOfBodyMs: limits.headersTimeoutMs, isDraining };
  takeLeave(app, leave);
  expectPace(app, clock, limits);
  const calls = new CallsInWork(limits.maxCalls);
  const refusals = turnAway(app.server, {
    ...leave,
    admit: (call, answer) => !isKoreTarget(call.url) || calls.enter(call, answer),
    wouldAdmit: (target) => !isKoreTarget(target) || !calls.areFull,
    heedTurn: (tookMs) => calls.heedTurn(tookMs),
    refusal: overloadedReply(),
    onRefused: () => tally.add(OVERLOADED),
  });
  app.addHook('preClose', async () => refusals.close());
  endLastConnections(app, { clock, logger });

  const onError = (error: unknown) => logger.error('telling of accepted recipients failed', { error });
  const backlog = new BoundedBacklog({ store, clock, limits: parts.backlogLimits, onError });
  app.addHook('onClose', () => backlog.close());

  const catalog = createCatalog(parts.channels);
  const describeApi = recordRoutes(app);
  app.get('/openapi.json', describeApi);
  app.get(REFERENCE, showReference);
  app.get(`${REFERENCE}/assets/:name`, showReferenceAsset);
  app.get(`${PROBLEM_PAGES}/:code`, showProblemPage);
  app.get('/healthz', answerAlive);
  app.get('/readyz', createReadiness({ store, clock, isDraining, describeWal: parts.describeWal }));
  if (parts.metrics !== undefined) app.get('/metrics', createMetricsReply(parts.metrics));
  app.get('/.well-known/jwks.json', createJwks(parts.platformKey));

  app.register(
    async (kore) => {
      limitWork(kore, calls, limits);
      openKoreSurface(kore);
      const admit = [gate.requireScope(SCOPE_SEND), createCallLimit(parts)];
      const send = { method: 'POST', onRequest: [...admit, requireJsonBody] };
      const look = { method: ['GET', 'POST'], onRequest: admit, exposeHeadRoute: false };
      const notify = { ...parts, channels: catalog, backlog };
      const v1 = createNotify({ api: 'kore-v1', route: 'notify', parse: parseV1 }, notify);
      const v2 = createNotify({ api: 'kore-v2', route: 'notifyV2', parse: parseV2 }, notify);

      kore.route({ url: '/bot/:botId/notify', ...send, handler: v1 });
      kore.route({ url: '/bot/:botId/notify/status/:requestId', ...look, handler: createStatus(statusReplyV1, store) });
      kore.route({ url: '/bot/:botId/notifyV2', ...send, handler: v2 });
      kore.route({
        url: '/bot/:botId/notifyV2/status/:requestId',
        ...look,
        handler: createStatus(statusReplyV2, store),
      });
    },
    { prefix: KORE_PREFIX },
  );
  app.register(peopleRoutes, {
    prefix: NATIVE_PREFIX,
    store,
    clock,
    gate,
    findChannel: catalog.find,
    maxUploadBytes: limits.maxUploadBytes,
  });
  app.register(notificationRoutes, {
    prefix: NATIVE_PREFIX,
    store,
    clock,
    tenancy: parts.tenancy,
    gate,
    onCancel: () => parts.engine.heedCallers(),
  });
  const native = { ...parts, prefix: NATIVE_PREFIX, gate, catalog };
  const { oidc = [], tools } = parts;
  app.register(sessionRoutes, { ...native, sessions, publicUrl, oidc, outbound: tools.outbound });
  app.register(operatorRoutes, { ...native, publicUrl, oidc });
  app.register(ownBotsRoute, native);
  app.register(overviewRoute, native);
  app.register(timelineRoute, native);
  app.register(auditRoute, native);
  app.register(botRoutes, native);
  app.register(channelRoute, native);
  app.register(adminConnectionRoutes, native);
  app.register(appRoutes, native);
  app.register(listRoute, native);
  app.register(callbackLogRoute, native);
  app.register(eventsRoute, { ...native, isDraining, streamLimits: limits });
  const onChange = () => parts.engine.heedCallers();
  app.register(pauseRoutes, { ...native, onChange });
  app.register(extendRoute, { ...native, onChange });
  app.register(rescheduleRoute, { ...native, onChange });
  app.register(retryRoute, { ...native, backlog, onChange });
  app.register(preferenceRoutes, native);
  app.register(erasureRoutes, { ...native, onChange });
  app.register(recallRoute, { ...native, backlog, onChange });
  app.register(editRoute, { ...native, backlog, onChange });
  app.register(templateRoutes, native);
  app.register(previewRoute, native);
  app.register(preflightRoute, { ...native, describeConnection: (id) => parts.engine.describeConnection(id) });
  app.register(sendRoute, { ...native, backlog, calls, limits });
  app.register(audienceRoutes, { ...native, backlog, onSealed: () => parts.engine.heedCallers() });
  app.register(connectionRoutes, {
    ...parts,
    prefix: NATIVE_PREFIX,
    gate,
    describeConnection: (id) => parts.engine.describeConnection(id),
  });
  app.register(callbackRoutes, {
    ...parts,
    findChannel: (id) => parts.channels.find((channel) => channel.id === id) ?? null,
  });
  return app;
}

const OVERLOADED = { status: 503, route: `${KORE_PREFIX}/*`, botId: null };

const isKoreTarget = (target = ''): boolean => target.startsWith(`${KORE_PREFIX}/`);
