import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { LANES, type Notification, type NotificationStatus } from '../../model/notification.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import { defaultExpiry, dueAt, LONGEST_LIFE_MS, leavesNoTime, startOf } from '../../model/timing.ts';
import { auditOf } from '../contract/audit-of.ts';
import { closed, NOTHING, nullable, oneOf, TIME } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import { requireJsonBody } from '../media-type.ts';
import type { NativeContext } from './context.ts';
import { findNotification, OF_NOTIFICATION, OF_SENT, type OfNotification } from './find-notification.ts';
import { readJsonBodies } from './json-bodies.ts';
import { NOTIFICATION, toDocument } from './notification-documents.ts';
import { readHours, readStart } from './read-timing.ts';
import { HOURS } from './timing-body.ts';
import { wrong } from './wrong.ts';

export interface RescheduleRouteOptions extends Pick<NativeContext, 'store' | 'gate' | 'clock'> {
  /** Something comes due at another time, and this process may be the one that moves it. */
  readonly onChange: () => void;
}

const BODY = closed({
  sendAt: Type.Optional(
    nullable(TIME, 'Nothing is sent before it, at most a year ahead; null: it may be sent at once.'),
  ),
  window: Type.Optional(nullable(HOURS, 'Nobody is sent it outside these hours; null: at any.')),
  priority: Type.Optional(oneOf(LANES)),
});

type Body = Static<typeof BODY>;

const RESCHEDULE: Operation = {
  id: 'rescheduleNotification',
  tag: 'notifications',
  summary: 'Send a notification at another time',
  description:
    'Changes what is named and leaves the rest, as long as nothing of it has been taken up for sending: until its sendAt, or until its hours begin. It expires as long after its new time as it would have after the old; a window gives it a day at least after it opens.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  body: { types: ['application/json'], schema: BODY },
  replies: { 200: { description: 'As it is from now on.', content: { 'application/json': NOTIFICATION } } },
  faults: [...OF_BODIES, ...OF_SENT, 'notification_begun', 'notification_cancelled'],
};

type Call = OfNotification & { readonly Body: Body };

/** Another time. A Fastify plugin, under the native prefix. */
export async function rescheduleRoute(app: FastifyInstance, options: RescheduleRouteOptions): Promise<void> {
  const { store, gate, clock, onChange } = options;
  readJsonBodies(app);
  addOperation<Call>(app, gate, {
    method: 'PATCH',
    url: '/bots/:botId/notifications/:notificationId',
    operation: RESCHEDULE,
    onRequest: [requireJsonBody],
    handler: async function rescheduleNotification(
      request: FastifyRequest<Call>,
    ): Promise<Static<typeof NOTIFICATION>> {
      const before = await findNotification(store, request);
      if (before.cancelledAt !== null) throw new Fault('notification_cancelled');
      const at = clock.now();
      const after = readSchedule(request.body, before, at);
      const key = { botId: before.botId, notificationId: before.id };
      const result = await store.reschedule({
        ...key,
        at,
        options: after.options,
        lane: after.lane,
        expiresAt: after.expiresAt,
        delayMs: dueAt(after, at) - at,
        audit: { ...auditOf(request, clock), before: describe(before), after: describe(after) },
      });
      if (result === 'begun')
        throw new Fault('notification_begun', 'pause or cancel it, or give it more time with extend');
      onChange();
      const [found, tally, receipts] = await Promise.all([
        findNotification(store, request),
        store.tallyReasons(key),
        store.countReceipts(key),
      ]);
      return toDocument(found, tally?.reasons ?? null, receipts, clock.now());
    },
  });
}

type Scheduled = Pick<Notification, 'createdAt' | 'lane' | 'expiresAt'> & {
  readonly options: NonNullable<Notification['options']>;
};

function readSchedule({ sendAt, window, priority }: Body, before: NotificationStatus, now: number): Scheduled {
  if (sendAt === undefined && window === undefined && priority === undefined)
    throw new Fault('body_invalid', 'says nothing: give sendAt, window or priority');
  const { sendAt: earlier, window: hours, ...others } = before.options ?? {};
  const start = sendAt === undefined ? earlier : sendAt === null ? undefined : readStart(sendAt, now);
  const within = window === undefined ? hours : window === null ? undefined : readHours(window, '/window');
  const options = {
    ...others,
    ...(start !== undefined && { sendAt: start }),
    ...(within !== undefined && { window: within }),
  };
  const lane = priority ?? before.lane;
  if (lane !== 'urgent' && (others.quietHoursOverride ?? others.preferencesOverride) !== undefined)
    throw wrong('/priority', 'must stay urgent: it overrides quiet hours or preferences');
  const { createdAt } = before;
  if (leavesNoTime({ createdAt, options })) throw wrong('/window', 'there is no time outside the quiet hours');
  return { createdAt, lane, options, expiresAt: expiryOf({ createdAt, options }, before, now) };
}

function expiryOf(after: Pick<Scheduled, 'createdAt' | 'options'>, before: NotificationStatus, now: number): number {
  const from = Math.max(startOf(after), now);
  const lifeMs = before.expiresAt - Math.max(startOf(before), before.createdAt);
  const isOpenLater = after.options.window !== undefined && after.options.window !== before.options?.window;
  const leastMs = isOpenLater ? defaultExpiry(after) - startOf(after) : 0;
  return from + Math.min(Math.max(lifeMs, leastMs), LONGEST_LIFE_MS);
}

const describe = ({
  lane: priority,
  expiresAt,
  options,
}: Pick<Notification, 'lane' | 'expiresAt' | 'options'>): string =>
  JSON.stringify({ sendAt: options?.sendAt ?? null, window: options?.window ?? null, priority, expiresAt });
