import { type Static, Type } from 'typebox';
import { cameLate, channelAt, receiptAt, type Tried } from '../../model/fall-back.ts';
import { RECEIPT_STATES } from '../../model/news.ts';
import { FINAL_STATES, type Notification } from '../../model/notification.ts';
import { explainReason, REASONS } from '../../model/reasons.ts';
import { startOf } from '../../model/timing.ts';
import type { LedgerLine } from '../../store/port/notifications.ts';
import { COUNT, NEXT_CURSOR, nullable, oneOf, TIME } from '../contract/fields.ts';

const REASON = oneOf(Object.keys(REASONS), { description: 'Out of the catalogue of reasons.' });
const HINT = nullable(Type.String(), 'What to do about it; null: there is no reason to.');

export const RECIPIENT = Type.Object(
  {
    seq: COUNT,
    channel: Type.String({ description: 'The one of its channels on which it ended.' }),
    connectionId: Type.String(),
    identity: Type.String({ description: 'As the caller wrote it.' }),
    state: oneOf(FINAL_STATES),
    reason: nullable(REASON, 'Null only when delivered.'),
    hint: HINT,
    detail: nullable(Type.String(), 'What the provider said.'),
    personId: nullable(Type.String()),
    channelId: nullable(Type.String()),
    providerMessageId: nullable(Type.String()),
    attempts: COUNT,
    maybeDoubled: Type.Boolean({ description: 'May have been sent the message more than once.' }),
    at: TIME,
    tookMs: Type.Integer({ minimum: 0, description: 'From when the notification was accepted, or was to be sent.' }),
    tried: Type.Array(
      Type.Object({
        channel: Type.String(),
        connectionId: Type.String(),
        reason: REASON,
        hint: HINT,
        detail: nullable(Type.String()),
        attempts: COUNT,
      }),
      { description: 'The channels on which it did not end, in order, and why not.' },
    ),
    receipt: nullable(
      Type.Object({
        state: oneOf(RECEIPT_STATES),
        at: TIME,
        reason: nullable(REASON),
        hint: HINT,
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

export const RECIPIENT_STREAM = Type.String({
  description:
    'A recipient a line, with the fields of a page; in CSV what the provider said later is receipt.state, ….',
});

export type OfLedger = Pick<Notification, 'channel' | 'connectionId' | 'createdAt' | 'options'>;

/** What became of a recipient. */
export function toRecipient({ log, receipt: told }: LedgerLine, notification: OfLedger): Static<typeof RECIPIENT> {
  const { seq, identity, state, reason, detail, personId, channelId, providerMessageId, attempts } = log;
  const step = log.route?.step ?? 0;
  const receipt = receiptAt(told, step);
  return {
    seq,
    ...channelAt(notification, step),
    identity,
    state,
    reason,
    hint: hintOf(reason),
    detail,
    personId,
    channelId,
    providerMessageId,
    attempts,
    // A log is final, and what one channel says of it may come when it was left for another.
    maybeDoubled: log.maybeDoubled || cameLate(told, step),
    at: toIso(log.at),
    // Clocks of several machines: an end is never told from before the beginning.
    tookMs: Math.max(0, log.at - startOf(notification)),
    tried: (log.route?.tried ?? []).map((tried) => toTried(tried, notification)),
    receipt:
      receipt === null
        ? null
        : {
            state: receipt.state,
            at: toIso(receipt.at),
            reason: receipt.reason,
            hint: hintOf(receipt.reason),
            detail: receipt.detail,
          },
  };
}

const toTried = ({ step, reason, detail, attempts }: Tried, notification: OfLedger) => ({
  ...channelAt(notification, step),
  reason,
  hint: hintOf(reason),
  detail,
  attempts,
});

const hintOf = (reason: string | null): string | null => (reason === null ? null : explainReason(reason).hint);

const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
