import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Receipt, ReceiptCounts } from '../../model/news.ts';
import type { Log, NotificationStatus } from '../../model/notification.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { CancelTally, NotificationKey, Store } from '../../store/port.ts';
import { callerOf } from '../auth/gate.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import { readLimit, readQuery } from './query.ts';

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
  const admitted = { onRequest: gate.requireScope(SCOPE_SEND), exposeHeadRoute: false };
  app.get(url, admitted, createNotificationShow(store));
  app.get(`${url}/recipients`, admitted, createRecipientList(store));
  const cancelled = { onRequest: gate.requireScope(SCOPE_SEND) };
  app.post(`${url}/cancel`, cancelled, createNotificationCancel({ store, clock, onCancel }));
}

function createNotificationShow(store: Store) {
  return async function showNotification(request: FastifyRequest): Promise<object> {
    readQuery(request, []);
    const notification = await findNotification(store, request);
    return toDocument(notification, await store.countReceipts(keyOf(notification)));
  };
}

/** Asked twice it says the same, or that more of those in flight have come to their end. */
function createNotificationCancel({ store, clock, onCancel }: Omit<NotificationRoutesOptions, 'gate'>) {
  return async function cancelNotification(request: FastifyRequest): Promise<object> {
    readQuery(request, []);
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

/** Those whose delivery has ended, by seq: a page of `?limit` after `?cursor`. */
function createRecipientList(store: Store) {
  return async function listRecipients(request: FastifyRequest): Promise<object> {
    const { limit: given, cursor = '-1' } = readQuery(request, ['limit', 'cursor']);
    const limit = readLimit(given);
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

async function findNotification(store: Store, request: FastifyRequest): Promise<NotificationStatus> {
  const { params } = request;
  const id = typeof params === 'object' && params !== null && 'notificationId' in params ? params.notificationId : null;
  const isOne = typeof id === 'string' && isId('ds', id);
  const found = isOne ? await store.findNotification({ botId: callerOf(request).bot.id, notificationId: id }) : null;
  if (found === null) throw new Fault('notification_unknown');
  return found;
}

const keyOf = ({ botId, id }: NotificationStatus): NotificationKey => ({ botId, notificationId: id });

/** `counts` is what Beckon did, `receipts` what the provider said later: each recipient is in one of either. */
function toDocument(notification: NotificationStatus, receipts: ReceiptCounts): JsonObject {
  const { id, channel, connectionId, lane, api, counts, createdAt, updatedAt, expiresAt } = notification;
  const { finishedAt, cancelledAt } = notification;
  return {
    id,
    channel,
    connectionId,
    lane,
    api,
    counts: { ...counts },
    receipts: { ...receipts },
    createdAt: toIso(createdAt),
    updatedAt: toIso(updatedAt),
    expiresAt: toIso(expiresAt),
    finishedAt: finishedAt === null ? null : toIso(finishedAt),
    cancelledAt: cancelledAt === null ? null : toIso(cancelledAt),
  };
}

function toRecipient(log: Log, receipt: Receipt | null): JsonObject {
  const { seq, identity, state, reason, detail, personId, channelId, providerMessageId, attempts, maybeDoubled } = log;
  return {
    seq,
    identity,
    state,
    reason,
    detail,
    personId,
    channelId,
    providerMessageId,
    attempts,
    maybeDoubled,
    at: toIso(log.at),
    receipt:
      receipt === null
        ? null
        : { state: receipt.state, at: toIso(receipt.at), reason: receipt.reason, detail: receipt.detail },
  };
}

const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
