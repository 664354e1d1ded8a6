import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { NotificationStatus } from '../../model/notification.ts';
import { agesOf } from '../../model/retention.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { NotificationKey } from '../../store/port/notifications.ts';
import { auditOf } from '../contract/audit-of.ts';
import { NOTHING } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import { findReceiving } from './audience/find-audience.ts';
import type { NativeContext } from './context.ts';
import {
  findEither,
  findNotification,
  keyOfRoute,
  OF_NOTIFICATION,
  OF_SENT,
  type OfNotification,
} from './find-notification.ts';
import { CANCELLATION, NOTIFICATION, toDocument, toIso, toReceivingDocument } from './notification-documents.ts';
import { ReasonTotals } from './reason-totals.ts';
import { createRecipientList, LIST_RECIPIENTS } from './recipients.ts';
import { tallySettled } from './tally-settled.ts';

export interface NotificationRoutesOptions extends Pick<NativeContext, 'store' | 'gate' | 'clock' | 'tenancy'> {
  /** Something was cancelled, and this process may be sending it. */
  readonly onCancel: () => void;
}

/** How far a notification is and what became of its recipients. A Fastify plugin, under the native prefix. */
export async function notificationRoutes(
  app: FastifyInstance,
  { store, gate, clock, tenancy, onCancel }: NotificationRoutesOptions,
): Promise<void> {
  const url = '/bots/:botId/notifications/:notificationId';
  addOperation(app, gate, { method: 'GET', url, operation: SHOW, handler: createShow({ store, clock, tenancy }) });
  const recipients = createRecipientList({ store, clock });
  addOperation(app, gate, { method: 'GET', url: `${url}/recipients`, operation: LIST_RECIPIENTS, handler: recipients });
  const cancel = createCancel({ store, clock, onCancel });
  addOperation(app, gate, { method: 'POST', url: `${url}/cancel`, operation: CANCEL, handler: cancel });
}

const SHOW: Operation = {
  id: 'getNotification',
  tag: 'notifications',
  summary: 'How far a notification is',
  description: 'Whichever interface it came through.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  replies: { 200: { description: 'The notification.', content: { 'application/json': NOTIFICATION } } },
  faults: ['body_invalid', 'notification_unknown'],
};

function createShow({ store, clock, tenancy }: Pick<NotificationRoutesOptions, 'store' | 'clock' | 'tenancy'>) {
  const totals = new ReasonTotals(store);
  return async function showNotification(
    request: FastifyRequest<OfNotification>,
  ): Promise<Static<typeof NOTIFICATION>> {
    const key = keyOfRoute(request);
    if (key === null) throw new Fault('notification_unknown');
    // Read at once: a receipt counts for nothing else in the document.
    const [notification, receipts] = await Promise.all([findEither(store, key), store.countReceipts(key)]);
    if (notification === null) throw new Fault('notification_unknown');
    if ('asked' in notification) return toReceivingDocument(notification, clock.now());
    const tally = await totals.of(notification);
    const ages = agesOf(tenancy.retention(notification.botId));
    return toDocument({ ...notification, counts: tally.counts }, tally.reasons, receipts, clock.now(), ages);
  };
}

const CANCEL: Operation = {
  id: 'cancelNotification',
  tag: 'notifications',
  summary: 'Stop a notification',
  description:
    'Whoever has not been sent it is not sent it any more. Asked twice it says the same, or that more of those in flight have come to their end.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  replies: { 200: { description: 'What became of everybody.', content: { 'application/json': CANCELLATION } } },
  faults: [...OF_BODIES, ...OF_SENT],
};

function createCancel({ store, clock, onCancel }: Omit<NotificationRoutesOptions, 'gate' | 'tenancy'>) {
  return async function cancelNotification(
    request: FastifyRequest<OfNotification>,
  ): Promise<Static<typeof CANCELLATION>> {
    const at = clock.now();
    const audit = auditOf(request, clock);
    const received = keyOfRoute(request);
    if (received !== null && (await findReceiving(store, received)) !== null) {
      // What was received so far becomes a notification that is cancelled; of nobody nothing remains.
      const { kind } = await store.sealAudience({ ...received, expected: null, at, isCancelled: true, audit });
      if (kind === 'sealed' && (await store.findNotification(received)) === null) return cancelledNobody(received, at);
    }
    const key = keyOf(await findNotification(store, request));
    await store.cancel({ ...key, at, audit });
    onCancel();
    const { cancelledAt, ...counts } = await tallySettled(() => store.tallyCancelled(key), clock);
    return { id: key.notificationId, cancelledAt: cancelledAt === null ? null : toIso(cancelledAt), ...counts };
  };
}

const cancelledNobody = ({ notificationId: id }: NotificationKey, at: number): Static<typeof CANCELLATION> => ({
  id,
  cancelledAt: toIso(at),
  cancelled: 0,
  inFlight: 0,
  alreadyFinal: 0,
});

const keyOf = ({ botId, id }: NotificationStatus): NotificationKey => ({ botId, notificationId: id });
