import { type Channels, endUntried, stepOf } from '../model/fall-back.ts';
import { allAttempts, type Log, type Recipient } from '../model/notification.ts';
import type { Options } from '../model/options.ts';
import { BACKUP_OWNER, countHeld, heldBatch, listOpen, parseQueueKey } from './batches.ts';
import { checkpoint } from './checkpoint.ts';
import { channelsOf, optionsOf } from './notifications.ts';
import type { CancelTally } from './port/interventions.ts';
import type { NotificationKey } from './port/notifications.ts';
import type { BatchProgress, HeldBatch } from './port/work.ts';
import { decodeRecipients } from './recipients.ts';
import { int, intOrNull, query, type Row, type Steps, text, textOrNull } from './steps.ts';
import { tellEndsOf, type UnworkedLogs } from './unworked-ends.ts';

/*
 * A cancel is one mark, however many recipients there are. Two things happen after it was committed and never before:
 * a worker that has claimed a batch asks for the mark, and a tally looks for batches that somebody holds. Whichever
 * comes first, one sees the other: a batch the tally took for a waiting one is claimed by a worker that finds the mark.
 * The mark costs claims nothing, and ending a million recipients can take its time.
 */

export function* cancel({ botId, notificationId, at }: NotificationKey & { readonly at: number }): Steps<boolean> {
  const marked = yield* query(
    `UPDATE notifications SET cancelled_at = $3
     WHERE bot_id = $1 AND id = $2 AND cancelled_at IS NULL AND finished_at IS NULL RETURNING id`,
    botId,
    notificationId,
    at,
  );
  return marked.length > 0;
}

export function* tallyCancelled({ botId, notificationId }: NotificationKey): Steps<CancelTally | null> {
  // Locked: no checkpoint moves anybody from one count to another before all are counted.
  const [row] = yield* query(
    'SELECT total, pending, cancelled, cancelled_at, options FROM notifications WHERE bot_id = $1 AND id = $2 {lock}',
    botId,
    notificationId,
  );
  if (row === undefined) return null;
  const [total, pending, ended] = [int(row, 'total'), int(row, 'pending'), int(row, 'cancelled')];
  const inFlight = pending === 0 ? 0 : yield* countHeld({ botId, notificationId });
  const taken = pending === 0 ? 0 : yield* countTaken({ botId, notificationId }, optionsOf(row));
  return {
    cancelledAt: intOrNull(row, 'cancelled_at'),
    cancelled: ended + pending - inFlight - taken,
    inFlight,
    alreadyFinal: total - pending - ended + taken,
  };
}

/** Who have it by one channel, and wait for its receipt. */
function* countTaken({ botId, notificationId }: NotificationKey, options: Options | undefined): Steps<number> {
  if (options?.fallBacks?.some(({ on }) => on.includes('no_receipt')) !== true) return 0;
  const rows = yield* query(
    'SELECT recipients FROM batches WHERE bot_id = $1 AND notification_id = $2 AND owner IS NULL',
    botId,
    notificationId,
  );
  const waiting = rows.flatMap((row) => decodeRecipients(text(row, 'recipients')));
  return waiting.filter(({ route }) => route?.taken !== undefined).length;
}

export function* endCancelled({ at, limit }: { readonly at: number; readonly limit: number }): Steps<number> {
  const batches: BatchProgress[] = [];
  for (const cancelled of yield* listInCancel()) {
    if (batches.length >= limit) break;
    const ended: UnworkedLogs[] = [];
    for (const found of yield* listUnworked(cancelled, limit - batches.length)) {
      const progress = yield* endBatch(cancelled, found, at);
      batches.push(progress);
      ended.push({ logs: progress.logs, step: stepOf(cancelled, found.connectionId) });
    }
    yield* tellEndsOf(cancelled, ended, at);
  }
  yield* checkpoint({ batches, again: false });
  return batches.length;
}

interface Cancelled extends NotificationKey, Channels {}

function* listInCancel(): Steps<Cancelled[]> {
  const rows = yield* query(
    `SELECT bot_id, id, channel, connection_id, options FROM notifications
     WHERE cancelled_at IS NOT NULL AND finished_at IS NULL LIMIT $1`,
    NOTIFICATIONS_PER_LOOK,
  );
  return rows.map(cancelledNotification);
}

const NOTIFICATIONS_PER_LOOK = 100;

interface FoundBatch {
  readonly batch: HeldBatch;
  readonly connectionId: string;
  readonly recipients: readonly Recipient[];
  readonly isHeld: boolean;
}

/** What a worker holds is its own to conclude, for it alone knows what was sent; unless it has died. */
function* listUnworked({ botId, notificationId }: NotificationKey, limit: number): Steps<FoundBatch[]> {
  const rows = yield* query(
    `SELECT bot_id, notification_id, batch_no, token, owner, queue, recipients FROM batches
     WHERE bot_id = $1 AND notification_id = $2 AND (owner IS NULL OR owner = $3 OR claimable_at <= {now})
     LIMIT $4 {skip}`,
    botId,
    notificationId,
    BACKUP_OWNER,
    limit,
  );
  return rows.map(foundBatch);
}

function* endBatch(cancelled: Cancelled, found: FoundBatch, at: number): Steps<BatchProgress> {
  const step = stepOf(cancelled, found.connectionId);
  const open = found.isHeld ? yield* listOpen(found) : found.recipients;
  return {
    batch: found.batch,
    logs: open.map((recipient) => endUntried({ step, recipient, log: cancelledLog(recipient, found.isHeld, at) })),
    remainder: [],
  };
}

const foundBatch = (row: Row): FoundBatch => ({
  batch: heldBatch(row),
  connectionId: parseQueueKey(text(row, 'queue')).connectionId,
  recipients: decodeRecipients(text(row, 'recipients')),
  isHeld: textOrNull(row, 'owner') !== null,
});

const cancelledNotification = (row: Row): Cancelled => ({
  botId: text(row, 'bot_id'),
  notificationId: text(row, 'id'),
  ...channelsOf(row),
});

const cancelledLog = ({ seq, identity, maybeSent, ...spent }: Recipient, isHeld: boolean, at: number): Log => ({
  seq,
  identity,
  state: 'cancelled',
  reason: 'cancelled',
  detail: null,
  personId: null,
  channelId: null,
  providerMessageId: null,
  attempts: allAttempts(spent),
  maybeDoubled: maybeSent || isHeld,
  at,
});
