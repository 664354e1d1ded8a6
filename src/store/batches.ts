import { LANES, type Lane, type Recipient } from '../model/notification.ts';
import type { NotificationKey } from './port/notifications.ts';
import type { BatchKey, ClaimedBatch, ClaimRequest, HeldBatch, Queue, QueueState } from './port/work.ts';
import { decodeRecipients } from './recipients.ts';
import { type InsertShape, int, query, type Row, type Steps, text } from './steps.ts';

export const BATCHES: InsertShape = {
  table: 'batches',
  columns: {
    bot_id: 'text',
    notification_id: 'text',
    batch_no: 'int',
    queue: 'text',
    claimable_at: 'int',
    token: 'int',
    takeovers: 'int',
    recipients: 'text',
  },
  onConflict: '',
};

/** Owns what was outstanding in a database that came out of a backup, until an operator has decided (`restored.ts`). */
export const BACKUP_OWNER = 'backup';

/** In one statement with the claim, so that no worker that looked a moment earlier gets past it. */
export const RESTORED = 'EXISTS (SELECT 1 FROM restored)';

/** Sorts by lane, then bot, then connection; a skip scan over it costs one seek a queue however many batches wait. */
export function queueKey({ lane, botId, connectionId, size }: Queue): string {
  const key = `${LANES.indexOf(lane)}/${botId}/${connectionId}`;
  // Batches from before there were sizes have no mark.
  return size === 'small' ? `${key}/${SMALL}` : key;
}

const SMALL = 'small';

export function* listQueues(request: { readonly after: Queue | null; readonly limit: number }): Steps<QueueState[]> {
  const rows = yield* query(
    `WITH RECURSIVE present(queue) AS (
       SELECT CASE WHEN ${RESTORED} THEN NULL ELSE (SELECT min(queue) FROM batches WHERE queue > $1) END
       UNION ALL
       SELECT (SELECT min(b.queue) FROM batches b WHERE b.queue > present.queue) FROM present WHERE present.queue IS NOT NULL
     )
     SELECT queue, (SELECT min(claimable_at) FROM batches b WHERE b.queue = present.queue) - {now} AS due_in_ms
     FROM present WHERE queue IS NOT NULL LIMIT $2`,
    request.after === null ? '' : queueKey(request.after),
    request.limit,
  );
  return rows.map((row) => ({ queue: parseQueueKey(text(row, 'queue')), dueInMs: int(row, 'due_in_ms') }));
}

const ANY = 1_000_000;

export function* claimDue(request: ClaimRequest): Steps<ClaimedBatch[]> {
  // owner is only cleared by a remainder's new row, so an owner still set here died (or stopped) holding the batch.
  // A queue is one bot's; saying so names the one shard of a database that is sharded by bot.
  const rows = yield* query(
    `WITH due AS MATERIALIZED (
       SELECT bot_id, notification_id, batch_no FROM batches
       WHERE queue = $1 AND bot_id = $5 AND claimable_at <= (SELECT {now}) AND NOT ${RESTORED}
         AND takeovers + CASE WHEN owner IS NULL THEN 0 ELSE 1 END < $6
       ORDER BY claimable_at LIMIT $2 {skip}
     )
     UPDATE batches SET
       token = token + 1,
       takeovers = takeovers + CASE WHEN owner IS NULL THEN 0 ELSE 1 END,
       owner = $3,
       claimable_at = {now} + $4
     FROM due
     WHERE batches.bot_id = due.bot_id AND batches.notification_id = due.notification_id AND batches.batch_no = due.batch_no
     RETURNING batches.bot_id AS bot_id, batches.notification_id AS notification_id, batches.batch_no AS batch_no,
       batches.token AS token, batches.takeovers AS takeovers, batches.recipients AS recipients`,
    queueKey(request.queue),
    request.limit,
    request.owner,
    request.leaseMs,
    request.queue.botId,
    request.takeoversBelow ?? ANY,
  );
  return rows.map((row) => ({
    ...heldBatch(row),
    queue: request.queue,
    recipients: decodeRecipients(text(row, 'recipients')),
    takeovers: int(row, 'takeovers'),
  }));
}

export function* extendLeases(request: {
  readonly held: readonly HeldBatch[];
  readonly leaseMs: number;
}): Steps<HeldBatch[]> {
  if (request.held.length === 0) return [];
  const rows = yield* query(
    `UPDATE batches SET claimable_at = {now} + $2
     FROM {rows held(bot_id text, notification_id text, batch_no int, token int) $1}
     WHERE batches.bot_id = held.bot_id AND batches.notification_id = held.notification_id
       AND batches.batch_no = held.batch_no AND batches.token = held.token
     RETURNING batches.bot_id AS bot_id, batches.notification_id AS notification_id, batches.batch_no AS batch_no,
       batches.token AS token`,
    request.held.map(heldRow),
    request.leaseMs,
  );
  return rows.map(heldBatch);
}

export function* listLoggedSeqs(request: {
  readonly batch: BatchKey;
  readonly seqs: readonly number[];
}): Steps<number[]> {
  const rows = yield* query(
    'SELECT seq FROM logs WHERE bot_id = $1 AND notification_id = $2 AND seq {any:int $3}',
    request.batch.botId,
    request.batch.notificationId,
    request.seqs,
  );
  return rows.map((row) => int(row, 'seq'));
}

/** Those of a batch who have no log yet. */
export function* listOpen(request: {
  readonly batch: BatchKey;
  readonly recipients: readonly Recipient[];
}): Steps<Recipient[]> {
  const { batch, recipients } = request;
  const logged = new Set(yield* listLoggedSeqs({ batch, seqs: recipients.map(({ seq }) => seq) }));
  return recipients.filter(({ seq }) => !logged.has(seq));
}

/** Recipients without a log in batches that somebody holds, or has died with. */
export function* countHeld({ botId, notificationId }: NotificationKey): Steps<number> {
  const rows = yield* query(
    `SELECT bot_id, notification_id, batch_no, recipients FROM batches
     WHERE bot_id = $1 AND notification_id = $2 AND owner IS NOT NULL`,
    botId,
    notificationId,
  );
  let count = 0;
  for (const row of rows) {
    count += (yield* listOpen({ batch: batchKey(row), recipients: decodeRecipients(text(row, 'recipients')) })).length;
  }
  return count;
}

/** Recipients in batches that somebody holds, or has died with, with a log or without, and the numbers of those batches. */
export function* listHeldSeqs({ botId, notificationId }: NotificationKey): Steps<Set<number>> {
  const rows = yield* query(
    `SELECT batch_no, recipients FROM batches
     WHERE bot_id = $1 AND notification_id = $2 AND owner IS NOT NULL`,
    botId,
    notificationId,
  );
  const seqs = rows.flatMap((row) => decodeRecipients(text(row, 'recipients')).map(({ seq }) => seq));
  return new Set([...seqs, ...rows.map((row) => int(row, 'batch_no'))]);
}

export function* voidLeases(): Steps<number> {
  const rows = yield* query(
    'UPDATE batches SET claimable_at = 0 WHERE owner IS NOT NULL AND owner <> $1 RETURNING batch_no',
    BACKUP_OWNER,
  );
  return rows.length;
}

export function* leaseClock(): Steps<number> {
  const [row] = yield* query('SELECT {now} AS now');
  return row === undefined ? 0 : int(row, 'now');
}

export const batchKey = (row: Row): BatchKey => ({
  botId: text(row, 'bot_id'),
  notificationId: text(row, 'notification_id'),
  batchNo: int(row, 'batch_no'),
});

export const heldBatch = (row: Row): HeldBatch => ({ ...batchKey(row), token: int(row, 'token') });

/** With the token: one checkpoint may name a batch twice, by a lease that was lost and by the one after it. */
export const heldId = ({ botId, notificationId, batchNo, token }: HeldBatch): string =>
  `${botId}/${notificationId}/${batchNo}/${token}`;

export const heldRow = (batch: HeldBatch): Row => ({
  bot_id: batch.botId,
  notification_id: batch.notificationId,
  batch_no: batch.batchNo,
  token: batch.token,
});

export function parseQueueKey(key: string): Queue {
  const [lane = '', botId = '', connectionId = '', mark] = key.split('/');
  const size = mark === SMALL ? 'small' : 'large';
  return { lane: LANES[Number(lane)] ?? ('normal' satisfies Lane), botId, connectionId, size };
}
