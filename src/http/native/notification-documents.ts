import { type Static, Type } from 'typebox';
import type { Receipt, ReceiptCounts } from '../../model/news.ts';
import { RECEIPT_STATES } from '../../model/news.ts';
import { FINAL_STATES, LANES, type Log, type NotificationSummary } from '../../model/notification.ts';
import { REASONS } from '../../model/reasons.ts';
import { COUNT, NEXT_CURSOR, nullable, oneOf, TIME } from '../contract/fields.ts';

const REASON = oneOf(Object.keys(REASONS), { description: 'Out of the catalogue of reasons.' });

const SUMMARY = {
  id: Type.String({ description: 'ds-…' }),
  channel: Type.String(),
  connectionId: Type.String(),
  priority: oneOf(LANES),
  api: oneOf(['kore-v1', 'kore-v2', 'native'], { description: 'Which interface it came through.' }),
  counts: Type.Object(
    {
      total: COUNT,
      pending: COUNT,
      delivered: COUNT,
      failed: COUNT,
      suppressed: COUNT,
      expired: COUNT,
      cancelled: COUNT,
      unknown: COUNT,
    },
    { description: 'What Beckon did. Total is always the sum of the others.' },
  ),
  createdAt: TIME,
  updatedAt: TIME,
  expiresAt: TIME,
  finishedAt: nullable(TIME, 'Null: some are pending.'),
  cancelledAt: nullable(TIME),
};

export const NOTIFICATION_SUMMARY = Type.Object(SUMMARY, {
  $id: 'NotificationSummary',
  description: 'A notification and how far it is.',
});

export const NOTIFICATION = Type.Object(
  {
    ...SUMMARY,
    receipts: Type.Object(
      { sent: COUNT, failed: COUNT, delivered: COUNT, read: COUNT },
      { description: 'What the provider said later; each recipient is in one of either at most.' },
    ),
  },
  { $id: 'Notification', description: 'A notification, how far it is, and what providers have said of it since.' },
);

export const NOTIFICATION_PAGE = Type.Object({
  notifications: Type.Array(Type.Ref('NotificationSummary#')),
  nextCursor: NEXT_CURSOR,
});

export const RECIPIENT = Type.Object(
  {
    seq: COUNT,
    identity: Type.String({ description: 'As the caller wrote it.' }),
    state: oneOf(FINAL_STATES),
    reason: nullable(REASON, 'Null only when delivered.'),
    detail: nullable(Type.String(), 'What the provider said.'),
    personId: nullable(Type.String()),
    channelId: nullable(Type.String()),
    providerMessageId: nullable(Type.String()),
    attempts: COUNT,
    maybeDoubled: Type.Boolean({ description: 'May have been sent the message more than once.' }),
    at: TIME,
    receipt: nullable(
      Type.Object({
        state: oneOf(RECEIPT_STATES),
        at: TIME,
        reason: nullable(REASON),
        detail: nullable(Type.String()),
      }),
      'What the provider said later; null: nothing yet.',
    ),
  },
  { $id: 'Recipient', description: 'What became of one recipient.' },
);

export const RECIPIENT_PAGE = Type.Object({
  recipients: Type.Array(Type.Ref('Recipient#')),
  nextCursor: NEXT_CURSOR,
});

export const CANCELLATION = Type.Object(
  {
    id: Type.String(),
    cancelledAt: nullable(TIME, 'Null: it had finished before.'),
    cancelled: Type.Integer({ minimum: 0, description: 'Are not sent it any more.' }),
    inFlight: Type.Integer({ minimum: 0, description: 'Being sent it just now: they may get it.' }),
    alreadyFinal: Type.Integer({ minimum: 0, description: 'Had ended before.' }),
  },
  { $id: 'Cancellation', description: 'What a cancel did, each recipient counted once.' },
);

export function toSummary(notification: NotificationSummary): Static<typeof NOTIFICATION_SUMMARY> {
  const { id, channel, connectionId, lane, api, counts, createdAt, updatedAt, expiresAt } = notification;
  const { finishedAt, cancelledAt } = notification;
  return {
    id,
    channel,
    connectionId,
    priority: lane,
    api,
    counts: { ...counts },
    createdAt: toIso(createdAt),
    updatedAt: toIso(updatedAt),
    expiresAt: toIso(expiresAt),
    finishedAt: finishedAt === null ? null : toIso(finishedAt),
    cancelledAt: cancelledAt === null ? null : toIso(cancelledAt),
  };
}

/** `counts` is what Beckon did, `receipts` what the provider said later: each recipient is in one of either. */
export function toDocument(notification: NotificationSummary, receipts: ReceiptCounts): Static<typeof NOTIFICATION> {
  return { ...toSummary(notification), receipts: { ...receipts } };
}

export function toRecipient(log: Log, receipt: Receipt | null): Static<typeof RECIPIENT> {
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

export const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
