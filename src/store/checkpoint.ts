import type { Log } from '../model/notification.ts';
import { countEnds } from './backlogs.ts';
import { BATCHES, heldBatch, heldId, heldRow, parseQueueKey, queueKey } from './batches.ts';
import { keepRecipients } from './kept-recipients.ts';
import { PARKED_MS } from './pause.ts';
import type { NotificationKey } from './port/notifications.ts';
import type { BatchProgress, CheckpointRequest, HeldBatch, Remainder } from './port/work.ts';
import { encodeRecipients, firstSeq } from './recipients.ts';
import { execute, type InsertShape, insertMany, int, query, type Row, type Steps, text } from './steps.ts';

export const LOGS: InsertShape = {
  table: 'logs',
  columns: {
    bot_id: 'text',
    notification_id: 'text',
    seq: 'int',
    state: 'text',
    reason: 'text',
    detail: 'text',
    identity: 'text',
    person_id: 'text',
    channel_id: 'text',
    provider_message_id: 'text',
    attempts: 'int',
    maybe_doubled: 'int',
    at: 'int',
  },
  onConflict: '',
};

/** A statement of its own, so that those of one channel, which are nearly all, carry nothing more. */
const ROUTED_LOGS: InsertShape = { ...LOGS, columns: { ...LOGS.columns, route: 'text' } };

/** Fence first: what was lost takes no further part, so nothing after this line needs to ask again. */
export function* checkpoint(request: CheckpointRequest): Steps<{ readonly lost: HeldBatch[] }> {
  if (request.batches.length === 0) return { lost: [] };
  const queues = yield* lockHeldBatches(request.batches.map((progress) => progress.batch));
  const held = request.batches.filter((progress) => queues.has(heldId(progress.batch)));
  const fresh = request.again ? yield* dropKnownLogs(held) : held;
  yield* insertMany(LOGS, fresh.flatMap(logRows));
  yield* insertMany(ROUTED_LOGS, fresh.flatMap(routedRows));
  yield* keepRecipients(fresh);
  const paused = yield* lockPaused(held);
  yield* moveCounters(fresh);
  yield* replaceEnded(held, queues, paused);
  yield* countEnds(fresh);
  return {
    lost: request.batches.map((progress) => progress.batch).filter((batch) => !queues.has(heldId(batch))),
  };
}

/** What the batches that come back have from the one they come from. */
interface Parent {
  readonly queue: string;
  readonly takeovers: number;
  /** The lease clock at this checkpoint. */
  readonly now: number;
}

const parentOf = (row: Row): Parent => ({
  queue: text(row, 'queue'),
  takeovers: int(row, 'takeovers'),
  now: int(row, 'now'),
});

/** The queue of each batch whose token is still the one we were given. */
function* lockHeldBatches(batches: readonly HeldBatch[]): Steps<Map<string, Parent>> {
  const rows = yield* query(
    `SELECT bot_id, notification_id, batch_no, token, queue, takeovers, {now} AS now FROM batches
     WHERE (bot_id, notification_id, batch_no, token) IN (
       SELECT held.bot_id, held.notification_id, held.batch_no, held.token
       FROM {rows held(bot_id text, notification_id text, batch_no int, token int) $1}
     ) {lock}`,
    batches.map(heldRow),
  );
  return new Map(rows.map((row) => [heldId(heldBatch(row)), parentOf(row)]));
}

function* dropKnownLogs(batches: readonly BatchProgress[]): Steps<readonly BatchProgress[]> {
  if (batches.every(({ logs }) => logs.length === 0)) return batches;
  // One question for all: a database that is far away is the one that has to be asked again.
  const rows = yield* query(
    `SELECT logs.notification_id AS notification_id, logs.seq AS seq FROM logs
     JOIN {rows sent(bot_id text, notification_id text, seq int) $1}
       ON logs.bot_id = sent.bot_id AND logs.notification_id = sent.notification_id AND logs.seq = sent.seq`,
    batches.flatMap(({ batch, logs }) =>
      logs.map(({ seq }) => ({ bot_id: batch.botId, notification_id: batch.notificationId, seq })),
    ),
  );
  const known = new Set(rows.map((row) => `${text(row, 'notification_id')}/${int(row, 'seq')}`));
  return batches.map((progress) => ({
    ...progress,
    logs: progress.logs.filter(({ seq }) => !known.has(`${progress.batch.notificationId}/${seq}`)),
  }));
}

interface LogsOf {
  readonly batch: NotificationKey;
  readonly logs: readonly Log[];
}

export const logRows = ({ batch, logs }: LogsOf) =>
  logs.filter(({ route }) => route === undefined).map((log) => logRow(batch, log));

const routedRows = ({ batch, logs }: LogsOf) =>
  logs.flatMap((log) => (log.route === undefined ? [] : [[...logRow(batch, log), JSON.stringify(log.route)]]));

function logRow({ botId, notificationId }: NotificationKey, log: Log) {
  return [
    botId,
    notificationId,
    log.seq,
    log.state,
    log.reason,
    log.detail,
    log.identity,
    log.personId,
    log.channelId,
    log.providerMessageId,
    log.attempts,
    log.maybeDoubled ? 1 : 0,
    log.at,
  ];
}

/** Only where something comes back parked: of all that the counters are moved of, and in the same order. */
function* lockPaused(batches: readonly BatchProgress[]): Steps<ReadonlySet<string>> {
  if (!batches.some(({ remainder }) => remainder?.some(({ isParked }) => isParked === true))) return new Set();
  const rows = yield* query(
    `SELECT id, paused_at FROM notifications WHERE (bot_id, id) IN (
       SELECT asked.bot_id, asked.id FROM {rows asked(bot_id text, id text) $1}
     ) ORDER BY bot_id, id {lock}`,
    batches.map(({ batch }) => ({ bot_id: batch.botId, id: batch.notificationId })),
  );
  return new Set(rows.filter((row) => row['paused_at'] !== null).map((row) => text(row, 'id')));
}

/** One update a notification, in key order: two workers that finish the same notifications must lock them alike. */
function* moveCounters(batches: readonly BatchProgress[]): Steps<void> {
  const byNotification = Map.groupBy(
    batches.filter((progress) => progress.logs.length > 0),
    ({ batch }) => `${batch.botId}/${batch.notificationId}`,
  );
  for (const key of [...byNotification.keys()].sort()) {
    const group = byNotification.get(key) ?? [];
    const [first] = group;
    if (first === undefined) continue;
    const logs = group.flatMap((progress) => progress.logs);
    const count = countStates(logs);
    yield* execute(
      `UPDATE notifications SET pending = pending - $3, delivered = delivered + $4, failed = failed + $5,
         suppressed = suppressed + $6, expired = expired + $7, cancelled = cancelled + $8, unknown = unknown + $9,
         updated_at = CASE WHEN updated_at < $10 THEN $10 ELSE updated_at END,
         finished_at = CASE WHEN pending = $3 THEN $10 ELSE finished_at END
       WHERE bot_id = $1 AND id = $2`,
      first.batch.botId,
      first.batch.notificationId,
      logs.length,
      count.delivered,
      count.failed,
      count.suppressed,
      count.expired,
      count.cancelled,
      count.unknown,
      logs.reduce((latest, log) => Math.max(latest, log.at), 0),
    );
  }
}

function countStates(logs: readonly Log[]) {
  const count = { delivered: 0, failed: 0, suppressed: 0, expired: 0, cancelled: 0, unknown: 0 };
  for (const log of logs) count[log.state] += 1;
  return count;
}

/** A finished batch leaves the queue; what is left of it comes back as smaller batches that carry the fence on. */
function* replaceEnded(
  batches: readonly BatchProgress[],
  known: ReadonlyMap<string, Parent>,
  paused: ReadonlySet<string>,
): Steps<void> {
  const ended = batches.filter((progress) => progress.remainder !== null);
  if (ended.length === 0) return;
  yield* execute(
    `DELETE FROM batches WHERE (bot_id, notification_id, batch_no) IN (
       SELECT ended.bot_id, ended.notification_id, ended.batch_no
       FROM {rows ended(bot_id text, notification_id text, batch_no int) $1}
     )`,
    ended.map(({ batch }) => ({
      bot_id: batch.botId,
      notification_id: batch.notificationId,
      batch_no: batch.batchNo,
    })),
  );
  if (ended.every((progress) => progress.remainder?.length === 0)) return;
  yield* insertMany(
    BATCHES,
    ended.flatMap(({ batch, remainder }) => {
      const row = known.get(heldId(batch));
      const isPaused = paused.has(batch.notificationId);
      return row === undefined ? [] : (remainder ?? []).map((part) => remainderRow(batch, part, row, isPaused));
    }),
  );
}

// The token goes on from the parent's: a batch that comes back under the same number must never accept an old fence.
function remainderRow(batch: HeldBatch, part: Remainder, parent: Parent, isPaused: boolean) {
  return [
    batch.botId,
    batch.notificationId,
    firstSeq(part.recipients),
    part.connectionId === undefined
      ? parent.queue
      : queueKey({ ...parseQueueKey(parent.queue), connectionId: part.connectionId }),
    parent.now + part.delayMs + (isPaused && part.isParked === true ? PARKED_MS : 0),
    batch.token + 1,
    // Whatever its owners died of, they had not begun it over there.
    part.connectionId === undefined ? parent.takeovers : 0,
    encodeRecipients(part.recipients),
  ];
}
