import { type Channels, endUntried, stepOf } from '../model/fall-back.ts';
import { allAttempts, hasOwn, type Log, type Recipient } from '../model/notification.ts';
import { BACKUP_OWNER, batchKey, listOpen, parseQueueKey } from './batches.ts';
import { checkpoint } from './checkpoint.ts';
import { channelsOf, optionsOf } from './notifications.ts';
import type { RestoreDecision, RestoredState } from './port/upkeep.ts';
import type { BatchProgress, HeldBatch } from './port/work.ts';
import { decodeRecipients } from './recipients.ts';
import { execute, int, query, type Row, type Steps, text } from './steps.ts';
import { tellEndsOf } from './unworked-ends.ts';

/*
 * A backup is older than what happened: whoever was outstanding in it may have been sent the message since. The mark
 * gives every batch an owner that is nobody and a new fence, so that workers of the time before change nothing. The
 * decision then ends each of those batches by a checkpoint like any other, all of it in one transaction: a command that
 * is killed half-way has decided nothing.
 */

export function* markRestored({ at }: { readonly at: number }): Steps<RestoredState> {
  const marked = yield* query('INSERT INTO restored (id, at) VALUES (1, $1) ON CONFLICT DO NOTHING RETURNING at', at);
  if (marked.length === 1) {
    // Nothing of what is not sealed was sent, whenever the backup was made, unless it was sealed since: it stays as it is.
    // No take-overs: the operator decides what is sent again, not the policy of a channel. Waits stay, leases do not.
    yield* execute(
      `UPDATE batches SET owner = $1, token = token + 1, takeovers = 0,
         claimable_at = CASE WHEN owner IS NULL THEN claimable_at ELSE {now} END
       WHERE NOT EXISTS (
         SELECT 1 FROM audiences AS a
         WHERE a.bot_id = batches.bot_id AND a.id = batches.notification_id AND a.state IN ('receiving', 'dropping')
       )`,
      BACKUP_OWNER,
    );
  }
  return (yield* findRestored()) ?? { at, recipients: 0 };
}

export function* findRestored(): Steps<RestoredState | null> {
  const [row] = yield* query('SELECT at FROM restored');
  if (row === undefined) return null;
  const notifications = yield* query(
    `SELECT coalesce(sum(pending), 0) AS pending FROM notifications
     WHERE (bot_id, id) IN (SELECT bot_id, notification_id FROM batches WHERE owner = $1)`,
    BACKUP_OWNER,
  );
  return { at: int(row, 'at'), recipients: Number(notifications[0]?.['pending'] ?? 0) };
}

export function* endRestore(request: { readonly decision: RestoreDecision; readonly at: number }): Steps<number> {
  const [mark] = yield* query('SELECT at FROM restored {lock}');
  if (mark === undefined) return 0;
  let recipients = 0;
  for (let page = yield* listStamped(); page.length > 0; page = yield* listStamped()) {
    const batches: BatchProgress[] = [];
    for (const batch of page) {
      // One that was in work when the backup was made may have logs of some of its recipients.
      const open = yield* listOpen(batch);
      recipients += open.length;
      batches.push(request.decision === 'release' ? release(batch, open) : conclude(batch, open, request.at));
    }
    yield* tellConcluded(page, batches, request.at);
    yield* checkpoint({ batches, again: false });
  }
  yield* execute('DELETE FROM restored');
  return recipients;
}

function* tellConcluded(page: readonly StampedBatch[], batches: readonly BatchProgress[], at: number): Steps<void> {
  const ended = page.map((stamped, index) => ({ ...stamped, logs: batches[index]?.logs ?? [] }));
  const ofOne = Map.groupBy(ended, ({ batch }) => `${batch.botId} ${batch.notificationId}`);
  for (const [, those] of ofOne) {
    const [first] = those;
    // Whoever is of none that was sealed is counted when it is.
    if (first?.notification) yield* tellEndsOf({ ...first.batch, ...first.notification }, those, at);
  }
}

interface StampedBatch {
  readonly batch: HeldBatch;
  /** Null: it was not sealed yet. */
  readonly notification: Channels | null;
  /** Of the channel it waits for. */
  readonly step: number;
  readonly recipients: readonly Recipient[];
  /** What is left of the wait it was in when the backup was made. */
  readonly delayMs: number;
}

/** Each page is gone from here once it was checkpointed. */
const PAGE = 100;

function* listStamped(): Steps<StampedBatch[]> {
  const rows = yield* query(
    `SELECT b.bot_id, b.notification_id, b.batch_no, b.token, b.queue, b.recipients, b.claimable_at - {now} AS delay_ms,
       n.channel, n.connection_id, n.options
     FROM batches AS b LEFT JOIN notifications AS n ON n.bot_id = b.bot_id AND n.id = b.notification_id
     WHERE b.owner = $1 LIMIT $2`,
    BACKUP_OWNER,
    PAGE,
  );
  return rows.map(stampedBatch);
}

const stampedBatch = (row: Row): StampedBatch => ({
  batch: { ...batchKey(row), token: int(row, 'token') },
  notification: row['channel'] === null ? null : channelsOf(row),
  step: stepOf({ options: optionsOf(row) }, parseQueueKey(text(row, 'queue')).connectionId),
  recipients: decodeRecipients(text(row, 'recipients')),
  delayMs: Math.max(0, int(row, 'delay_ms')),
});

function release({ batch, delayMs }: StampedBatch, open: readonly Recipient[]): BatchProgress {
  const recipients = open.map((recipient) => ({ ...recipient, maybeSent: true }));
  return { batch, logs: [], remainder: recipients.length === 0 ? [] : [{ recipients, delayMs }] };
}

function conclude({ batch, step }: StampedBatch, open: readonly Recipient[], at: number): BatchProgress {
  return {
    batch,
    logs: open.map((recipient) => endUntried({ step, recipient, log: unknownLog(recipient, at) })),
    remainder: [],
    kept: open.filter(hasOwn),
  };
}

const unknownLog = ({ seq, identity, maybeSent, ...spent }: Recipient, at: number): Log => ({
  seq,
  identity,
  state: 'unknown',
  reason: 'answer_lost',
  detail: 'the database was restored from a backup',
  personId: null,
  channelId: null,
  providerMessageId: null,
  attempts: allAttempts(spent),
  maybeDoubled: maybeSent,
  at,
});
