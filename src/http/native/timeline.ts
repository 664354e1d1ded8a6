import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { NotificationStatus } from '../../model/notification.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import { startOf } from '../../model/timing.ts';
import type { EndCount } from '../../store/port/activity.ts';
import { COUNT, NOTHING, TIME } from '../contract/fields.ts';
import type { Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import type { NativeContext } from './context.ts';
import { findNotification, OF_NOTIFICATION, OF_SENT, type OfNotification } from './find-notification.ts';
import { toIso } from './notification-documents.ts';
import { STATE_COUNTS, zeros } from './state-counts.ts';

/** Up to so many recipients the logs are counted: some ten milliseconds of the database. */
const MAX_COUNTED = 100_000;
const MAX_STEPS = 200;
const MIN_STEP_MS = 1_000;

const POINT = Type.Object({ at: TIME, pending: COUNT, ...STATE_COUNTS });

export const TIMELINE = Type.Object({
  total: COUNT,
  from: TIME,
  to: TIME,
  points: Type.Array(POINT, {
    description:
      'How many had ended in each state by then, oldest first; some 400 at the most, the last is as it is now.',
  }),
});

const SHOW: Operation = {
  id: 'getTimeline',
  tag: 'notifications',
  summary: 'How a notification went, over time',
  description:
    'For a plot. Of more than 100,000 recipients it tells when each 400th had ended for the first time, as servers noticed within five seconds.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  replies: { 200: { description: 'The points.', content: { 'application/json': TIMELINE } } },
  faults: ['body_invalid', ...OF_SENT],
};

type Point = Static<typeof POINT>;

/** A Fastify plugin, under the native prefix. */
export async function timelineRoute(app: FastifyInstance, { gate, store, clock }: NativeContext): Promise<void> {
  addOperation<OfNotification>(app, gate, {
    method: 'GET',
    url: '/bots/:botId/notifications/:notificationId/timeline',
    operation: SHOW,
    handler: async (request: FastifyRequest<OfNotification>): Promise<Static<typeof TIMELINE>> => {
      const notification = await findNotification(store, request);
      const { botId, id: notificationId, createdAt, finishedAt } = notification;
      const to = finishedAt ?? clock.now();
      const from = Math.min(startOf(notification), to);
      const key = { botId, notificationId };
      const { total, ...counts } = notification.counts;
      const last = { at: toIso(to), ...counts };
      const frame = { total, from: toIso(from), to: toIso(to) };
      if (total > MAX_COUNTED) {
        const milestones = await store.listMilestones(key);
        const points = milestones.map(({ at, total: _, ...then }) => ({ at: toIso(at), ...then }));
        return { ...frame, points: [beginning(total, createdAt), ...points, last] };
      }
      const stepMs = Math.max(MIN_STEP_MS, Math.ceil((to - from) / MAX_STEPS));
      const ends = await store.countEnds({ ...key, from, stepMs });
      return { ...frame, points: [...pointsOf(ends, { notification, from, to, stepMs }), last] };
    },
  });
}

const beginning = (total: number, at: number): Point => ({ at: toIso(at), pending: total, ...zeros() });

interface Frame {
  readonly notification: NotificationStatus;
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

/** One where something ended, and one before it where nothing had for a while, so that a line between them is true. */
function pointsOf(ends: readonly EndCount[], { notification, from, to, stepMs }: Frame): Point[] {
  const counts = zeros();
  let pending = notification.counts.total;
  const points: Point[] = [beginning(pending, from)];
  let lastStep = -1;
  for (const [step, group] of Map.groupBy(ends, (end) => end.step)) {
    if (step > lastStep + 1) points.push({ at: toIso(from + step * stepMs), pending, ...counts });
    for (const { state, count } of group) {
      counts[state] += count;
      pending -= count;
    }
    points.push({ at: toIso(Math.min(from + (step + 1) * stepMs, to)), pending, ...counts });
    lastStep = step;
  }
  return points;
}
