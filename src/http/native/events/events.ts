import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Logger } from '../../../model/logger.ts';
import { SCOPE_SEND } from '../../../model/tenancy.ts';
import { COME_AGAIN } from '../../accept/limit-work.ts';
import { callerOf } from '../../auth/gate.ts';
import { NOTHING } from '../../contract/fields.ts';
import type { Operation } from '../../contract/operation.ts';
import { addOperation } from '../../contract/route.ts';
import { Fault } from '../../faults.ts';
import type { NativeContext } from '../context.ts';
import { findTold, OF_NOTIFICATION, OF_TOLD, type OfNotification } from '../find-notification.ts';
import { ReasonTotals } from '../reason-totals.ts';
import { EventStream } from './event-stream.ts';
import { PROGRESS, toProgress } from './progress.ts';
import { ProgressWatch } from './progress-watch.ts';
import { type StreamLimits, StreamPlaces } from './stream-places.ts';

export interface EventsRouteOptions extends Pick<NativeContext, 'store' | 'gate' | 'clock'> {
  readonly logger: Logger;
  readonly isDraining: () => boolean;
  readonly streamLimits: StreamLimits;
}

const EVENTS: Operation = {
  id: 'watchNotification',
  tag: 'notifications',
  summary: 'Watch how far a notification is',
  description:
    'Server-sent events: `progress` while it runs, at most two a second, then one `end`, after which the stream is closed. Each holds all there is to know, so a caller that comes again has lost nothing; with `Last-Event-ID` it is not told again what it knows. A line that begins with a colon comes every 15 seconds, and a stream ends after 15 minutes: come again.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  headers: Type.Object({
    'last-event-id': Type.Optional(Type.String({ description: 'The id of the last event that was received.' })),
  }),
  replies: {
    200: {
      description: 'The events. The data of each is JSON.',
      content: { 'text/event-stream': Type.String({ contentMediaType: 'application/json', contentSchema: PROGRESS }) },
    },
    204: { description: 'It is over, and the last event that was received said so. A browser then comes no more.' },
  },
  faults: ['body_invalid', ...OF_TOLD, 'streams_busy', 'overloaded', 'draining'],
};

/** Progress as it happens. A Fastify plugin, under the native prefix. */
export async function eventsRoute(app: FastifyInstance, options: EventsRouteOptions): Promise<void> {
  const totals = new ReasonTotals(options.store);
  const onError = (error: unknown) => options.logger.error('watching notifications failed', { error });
  const watch = new ProgressWatch({ ...options, totals, onError });
  app.addHook('preClose', async () => watch.close());
  addOperation<Watching>(app, options.gate, {
    method: 'GET',
    url: '/bots/:botId/notifications/:notificationId/events',
    operation: EVENTS,
    handler: createWatch({ ...options, totals, watch }),
  });
}

interface Watching extends OfNotification {
  readonly Headers: { readonly 'last-event-id'?: string };
}

interface WatchParts extends EventsRouteOptions {
  readonly totals: ReasonTotals;
  readonly watch: ProgressWatch;
}

function createWatch({ store, clock, isDraining, streamLimits, totals, watch }: WatchParts) {
  const places = new StreamPlaces(streamLimits);
  return async function watchNotification(
    request: FastifyRequest<Watching>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const summary = await findTold(store, request);
    const { reasons } = summary.total === 0 ? { reasons: {} } : await totals.of(summary);
    const seen = request.headers['last-event-id'] ?? null;
    if (summary.finishedAt !== null && seen === toProgress(summary, reasons, null).version)
      return reply.code(204).send();
    if (isDraining()) throw new Fault('draining', null, COME_AGAIN);

    // Who left while it was looked up has closed for good: nothing would ever give the place back, or end the watch.
    if (reply.raw.closed) return reply.hijack();

    const leave = places.take(callerOf(request).app.clientId);
    const stream = new EventStream({ clock, seen, cut: () => reply.raw.destroy() });
    const unfollow = watch.follow(summary, reasons, stream);
    reply.raw.once('close', () => {
      leave();
      unfollow();
      stream.end();
    });
    reply.headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Or a proxy would keep back events until it has a buffer full of them.
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      // A stream has a connection to itself, and a server that stops need not wait for it.
      connection: 'close',
    });
    return reply.send(Readable.from(stream.lines(), { objectMode: false, highWaterMark: 1 }));
  };
}
