import type { FastifyReply, FastifyRequest } from 'fastify';
import { partByIdentity, suppressedLog, withLeftOut } from '../../model/audience.ts';
import type { Clock } from '../../model/clock.ts';
import { derivedId, randomId } from '../../model/ids.ts';
import { laneFor } from '../../model/lane.ts';
import type { Api, Lane, Notification } from '../../model/notification.ts';
import { defaultExpiry, dueAt, keepQuiet } from '../../model/timing.ts';
import { readTraceparent, type Span, type Tracer } from '../../model/tracer.ts';
import type { AcceptRequest } from '../../store/port/acceptance.ts';
import type { Store } from '../../store/port.ts';
import { type Caller, callerOf } from '../auth/gate.ts';
import type { Addressed } from './asked.ts';
import type { BoundedBacklog } from './bounded-backlog.ts';
import { readRequestKey, replay } from './idempotency.ts';

export interface AcceptParts {
  readonly store: Pick<Store, 'accept' | 'findReply'>;
  readonly clock: Clock;
  readonly engine: { wake(lane?: Lane): void };
  /** Absent: nobody collects traces. */
  readonly tracer?: Tracer;
  readonly backlog: Pick<BoundedBacklog, 'assertRoom' | 'count'>;
}

/** What is different between the send calls. */
export interface SendCall {
  readonly api: Api;
  /** Where its idempotency keys live. */
  readonly route: string;
  /** The bytes that came. */
  readonly body: Buffer | null;
  /** What it asks for, or a `Fault`. */
  readonly read: () => Addressed | Promise<Addressed>;
  readonly status: number;
  readonly answer: (notification: Notification, suppressed: number) => string;
}

/** When this resolves, with what to answer, the notification is durable. */
export async function acceptNotification(
  request: FastifyRequest,
  reply: FastifyReply,
  call: SendCall,
  parts: AcceptParts,
): Promise<string> {
  const span = startSpan(request, parts.tracer);
  try {
    const body = await accept(request, reply, call, parts, span?.traceparent ?? callersTrace(request));
    span?.end({ 'http.response.status_code': reply.statusCode });
    return body;
  } catch (error) {
    span?.end({}, error instanceof Error ? error.name : 'unknown');
    throw error;
  }
}

export const callersTrace = ({ headers }: FastifyRequest): string | null => readTraceparent(headers['traceparent']);

function startSpan(request: FastifyRequest, tracer: Tracer | undefined): Span | null {
  if (tracer === undefined) return null;
  const route = request.routeOptions.url ?? '';
  const facts = { 'http.request.method': request.method, 'http.route': route, 'beckon.bot': callerOf(request).bot.id };
  return tracer.start(`${request.method} ${route}`, 'server', callersTrace(request), facts);
}

async function accept(
  request: FastifyRequest,
  reply: FastifyReply,
  call: SendCall,
  parts: AcceptParts,
  trace: string | null,
): Promise<string> {
  const caller = callerOf(request);
  const key = readRequestKey(request, call.route, call.body);
  // Before the body is judged: a retry gets its answer even if what it names is no longer configured.
  const earlier = key === null ? null : await parts.store.findReply(key);
  if (key !== null && earlier !== null) return replay(reply, earlier, key);

  await parts.backlog.assertRoom(caller.bot.id);
  const asked = await call.read();
  const named = nameNotification(call.api, asked, caller, parts.clock.now(), trace);
  const { recipients, suppressed } = leaveOut(asked, named.createdAt);
  const notification: Notification = {
    ...withLeftOut(named, suppressed?.length ?? 0),
    lane: asked.lane ?? laneFor(asked.recipients.length),
    total: asked.recipients.length,
    expiresAt: asked.expiresAt ?? defaultExpiry(named),
  };
  const { status } = call;
  const body = call.answer(notification, suppressed?.length ?? 0);
  const result = await parts.backlog.count(notification.botId, recipients.length, () =>
    parts.store.accept({
      notification,
      recipients,
      ...(suppressed && { suppressed }),
      delayMs: dueAt(notification, notification.createdAt) - notification.createdAt,
      idempotency: key === null ? null : { ...key, status, body, createdAt: notification.createdAt },
    }),
  );
  if (result.kind === 'replay' && key !== null) return replay(reply, result.reply, key);

  parts.engine.wake(notification.lane);
  reply.code(status).type('application/json; charset=utf-8');
  return body;
}

/** What does not follow from the recipients. */
export function nameNotification(
  api: Api,
  asked: Omit<Addressed, 'recipients'>,
  caller: Caller,
  createdAt: number,
  trace: string | null,
): Omit<Notification, 'total' | 'lane' | 'expiresAt'> {
  const { channel, channelSpelling, connection, resolve, message } = asked;
  const botId = caller.bot.id;
  const quiet = keepQuiet(asked.options, caller.bot.quietHours);
  const options = trace === null ? quiet : { ...quiet, trace };
  return {
    botId,
    id: randomId('ds'),
    api,
    appId: caller.app.clientId,
    createdBy: derivedId('u', botId, caller.subject),
    channel: channel.id,
    channelSpelling,
    connectionId: connection.id,
    resolve,
    message,
    createdAt,
    ...(options && { options }),
  };
}

function leaveOut(
  { recipients, deduplicate }: Addressed,
  at: number,
): Pick<AcceptRequest, 'recipients' | 'suppressed'> {
  if (deduplicate !== true) return { recipients };
  const { first, again } = partByIdentity(recipients, new Set());
  if (again.length === 0) return { recipients };
  return { recipients: first, suppressed: again.map((recipient) => suppressedLog(recipient, 'duplicate', at)) };
}
