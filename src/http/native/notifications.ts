import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { isId } from '../../model/ids.ts';
import type { NotificationStatus } from '../../model/notification.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { CancelTally, NotificationKey, Store } from '../../store/port.ts';
import { callerOf } from '../auth/gate.ts';
import { BOT_ID, closed, DEFAULT_LIMIT, NOTHING, NOTIFICATION_ID, PAGE } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import {
  CANCELLATION,
  NOTIFICATION,
  RECIPIENT_PAGE,
  toDocument,
  toIso,
  toRecipient,
} from './notification-documents.ts';

export interface NotificationRoutesOptions extends Pick<NativeContext, 'store' | 'gate' | 'clock'> {
  /** Something was cancelled, and this process may be sending it. */
  readonly onCancel: () => void;
}

/** How far a notification is and what became of its recipients. A Fastify plugin, under the native prefix. */
export async function notificationRoutes(
  app: FastifyInstance,
  { store, gate, clock, onCancel }: NotificationRoutesOptions,
): Promise<void> {
  const url = '/bots/:botId/notifications/:notificationId';
  addOperation(app, gate, { method: 'GET', url, operation: SHOW, handler: createShow(store) });
  const recipients = createRecipientList(store);
  addOperation(app, gate, { method: 'GET', url: `${url}/recipients`, operation: LIST_RECIPIENTS, handler: recipients });
  const cancel = createCancel({ store, clock, onCancel });
  addOperation(app, gate, { method: 'POST', url: `${url}/cancel`, operation: CANCEL, handler: cancel });
}

const OF_NOTIFICATION = closed({ botId: BOT_ID, notificationId: NOTIFICATION_ID });

interface OfNotification {
  readonly Params: Static<typeof OF_NOTIFICATION>;
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

function createShow(store: Store) {
  return async function showNotification(
    request: FastifyRequest<OfNotification>,
  ): Promise<Static<typeof NOTIFICATION>> {
    const notification = await findNotification(store, request);
    return toDocument(notification, await store.countReceipts(keyOf(notification)));
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
  faults: [...OF_BODIES, 'notification_unknown'],
};

function createCancel({ store, clock, onCancel }: Omit<NotificationRoutesOptions, 'gate'>) {
  return async function cancelNotification(
    request: FastifyRequest<OfNotification>,
  ): Promise<Static<typeof CANCELLATION>> {
    const key = keyOf(await findNotification(store, request));
    await store.cancel({ ...key, at: clock.now() });
    onCancel();
    const { cancelledAt, ...counts } = await tallySettled(key, { store, clock });
    return { id: key.notificationId, cancelledAt: cancelledAt === null ? null : toIso(cancelledAt), ...counts };
  };
}

/** Workers let go within moments of the mark; a caller is told what they still hold when they have had them. */
async function tallySettled(
  key: NotificationKey,
  { store, clock }: Pick<NotificationRoutesOptions, 'store' | 'clock'>,
): Promise<CancelTally> {
  const endsAt = clock.monotonic() + SETTLE_MS;
  for (;;) {
    const tally = await store.tallyCancelled(key);
    if (tally === null) throw new Fault('notification_unknown');
    if (tally.inFlight === 0 || clock.monotonic() >= endsAt) return tally;
    await new Promise<void>((resolve) => clock.after(SETTLE_STEP_MS, resolve));
  }
}

const SETTLE_MS = 1_000;
const SETTLE_STEP_MS = 100;

const LIST_RECIPIENTS: Operation = {
  id: 'listRecipients',
  tag: 'notifications',
  summary: 'What became of each recipient',
  description: 'Those whose delivery has ended, in the order in which they were given.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: PAGE,
  replies: { 200: { description: 'A page of recipients.', content: { 'application/json': RECIPIENT_PAGE } } },
  faults: ['body_invalid', 'notification_unknown'],
};

function createRecipientList(store: Store) {
  return async function listRecipients(
    request: FastifyRequest<OfNotification & { Querystring: Static<typeof PAGE> }>,
  ): Promise<Static<typeof RECIPIENT_PAGE>> {
    const { limit = DEFAULT_LIMIT, cursor = '-1' } = request.query;
    if (!/^(?:-1|\d{1,9})$/.test(cursor)) throw new Fault('body_invalid', 'cursor is the nextCursor of another page');
    const key = keyOf(await findNotification(store, request));
    const logs = await store.listLogs({ ...key, afterSeq: Number(cursor), limit: limit + 1 });
    const page = logs.slice(0, limit);
    const fromSeq = page[0]?.seq ?? 0;
    const toSeq = page.at(-1)?.seq ?? -1;
    const receipts = await store.listReceipts({ ...key, fromSeq, toSeq });
    const bySeq = new Map(receipts.map((receipt) => [receipt.seq, receipt]));
    return {
      recipients: page.map((log) => toRecipient(log, bySeq.get(log.seq) ?? null)),
      nextCursor: logs.length > limit ? String(toSeq) : null,
    };
  };
}

async function findNotification(store: Store, request: FastifyRequest<OfNotification>): Promise<NotificationStatus> {
  const { notificationId } = request.params;
  const key = { botId: callerOf(request).bot.id, notificationId };
  const found = isId('ds', notificationId) ? await store.findNotification(key) : null;
  if (found === null) throw new Fault('notification_unknown');
  return found;
}

const keyOf = ({ botId, id }: NotificationStatus): NotificationKey => ({ botId, notificationId: id });
