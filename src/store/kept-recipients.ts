import type { Recipient } from '../model/notification.ts';
import type { NotificationKey } from './port/notifications.ts';
import type { BatchProgress } from './port/work.ts';
import { decodeRecipients, encodeRecipients } from './recipients.ts';
import { execute, type InsertShape, insertMany, query, type Steps, text } from './steps.ts';

/*
 * What somebody alone was to be sent goes with their batch. Of those who were not reached it is kept beside their log, so
 * that they can be tried again; whoever was to be sent what everybody is, and whoever has it, costs nothing.
 */

const KEPT: InsertShape = {
  table: 'kept_recipients',
  columns: { bot_id: 'text', notification_id: 'text', seq: 'int', recipient: 'text' },
  // The same checkpoint once more.
  onConflict: 'ON CONFLICT DO NOTHING',
};

export function* keepRecipients(batches: readonly BatchProgress[]): Steps<void> {
  yield* insertMany(
    KEPT,
    batches.flatMap(({ batch: { botId, notificationId }, kept = [] }) =>
      kept.map((recipient) => [botId, notificationId, recipient.seq, encodeRecipients([asAsked(recipient)])]),
    ),
  );
}

const asAsked = ({ seq, identity, customMessage, parameters }: Recipient): Recipient => ({
  seq,
  identity,
  customMessage,
  parameters,
  attempts: 0,
  maybeSent: false,
});

export function* keptRecipients(
  { botId, notificationId }: NotificationKey,
  seqs: readonly number[],
): Steps<Map<number, Recipient>> {
  if (seqs.length === 0) return new Map();
  const rows = yield* query(
    'SELECT recipient FROM kept_recipients WHERE bot_id = $1 AND notification_id = $2 AND seq {any:int $3}',
    botId,
    notificationId,
    seqs,
  );
  const recipients = rows.flatMap((row) => decodeRecipients(text(row, 'recipient')));
  return new Map(recipients.map((recipient) => [recipient.seq, recipient]));
}

export function* forgetKept({ botId, notificationId }: NotificationKey, seqs: readonly number[]): Steps<void> {
  yield* execute(
    'DELETE FROM kept_recipients WHERE bot_id = $1 AND notification_id = $2 AND seq {any:int $3}',
    botId,
    notificationId,
    seqs,
  );
}
