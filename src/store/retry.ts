import { isErased, isOf } from '../model/erasure.ts';
import { channelAt } from '../model/fall-back.ts';
import { sizeOf } from '../model/lane.ts';
import { BATCH_SIZE, LANES, type Log, type Recipient } from '../model/notification.ts';
import { isAmendment } from '../model/options.ts';
import { countBacklog } from './backlogs.ts';
import { BATCHES, leaseClock, listHeldSeqs, queueKey } from './batches.ts';
import { listBeingErased } from './erasures.ts';
import { forgetKept, keptRecipients } from './kept-recipients.ts';
import { optionsOf } from './notifications.ts';
import { PARKED_MS } from './pause.ts';
import type { RetryAnswer, RetryRequest, RetryState } from './port/interventions.ts';
import type { NotificationKey } from './port/notifications.ts';
import { encodeRecipients, firstSeq } from './recipients.ts';
import { execute, insertMany, int, intOrNull, query, type Row, type Steps, text, textOrNull } from './steps.ts';

/*
 * A retry goes through the logs once, from the first recipient to the last, a stretch in each transaction: a log that
 * fits is taken away, its recipient is pending again in a new batch, and the counters move with both. What somebody
 * holds may have logs already and no right to lose them, so a retry waits there until that batch is over.
 */

/** Recipients in one transaction. */
const STRETCH = 2_000;
/** A new batch may have the number of one that a worker lost: no claim of an earlier one ever counted so far. */
const TOKENS_PER_RETRY = 2 ** 32;
const LONGEST_SPAN_MS = 30 * 24 * 3_600_000;

export function* retry(request: RetryRequest): Steps<RetryAnswer> {
  const { botId, notificationId, at } = request;
  const row = yield* lockNotification(request);
  if (row === null) return { kind: 'unknown' };
  const earlier = yield* findByKey(request);
  if (earlier !== null) return earlier;
  if (intOrNull(row, 'cancelled_at') !== null) return { kind: 'cancelled' };
  if (intOrNull(row, 'ledger_removed_at') !== null) return { kind: 'removed' };
  const retries = yield* query(
    'SELECT no, finished_at FROM retries WHERE bot_id = $1 AND notification_id = $2 ORDER BY no DESC LIMIT 1',
    botId,
    notificationId,
  );
  const [last] = retries;
  if (last !== undefined && intOrNull(last, 'finished_at') === null) return { kind: 'running' };
  const no = last === undefined ? 1 : int(last, 'no') + 1;
  yield* giveTime(request, row);
  yield* execute(
    `INSERT INTO retries (bot_id, notification_id, no, states, reasons, app_id, key, fingerprint, created_at, after_seq,
       retried, left_out)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, -1, 0, 0)`,
    botId,
    notificationId,
    no,
    JSON.stringify(request.states),
    request.reasons === null ? null : JSON.stringify(request.reasons),
    request.idempotency?.appId ?? null,
    request.idempotency?.key ?? null,
    request.idempotency?.fingerprint ?? null,
    at,
  );
  yield* goOn({ botId, notificationId }, at);
  const state = yield* findRetry({ botId, notificationId, no });
  return state === null ? { kind: 'unknown' } : { kind: 'retrying', state };
}

/** Of whoever asked before and did not hear the answer. */
function* findByKey({ botId, notificationId, idempotency }: RetryRequest): Steps<RetryAnswer | null> {
  if (idempotency === null) return null;
  const [row] = yield* query(
    `SELECT no, fingerprint, retried, left_out, finished_at FROM retries
     WHERE bot_id = $1 AND notification_id = $2 AND app_id = $3 AND key = $4`,
    botId,
    notificationId,
    idempotency.appId,
    idempotency.key,
  );
  if (row === undefined) return null;
  if (textOrNull(row, 'fingerprint') !== idempotency.fingerprint) return { kind: 'reused' };
  return { kind: 'replay', state: retryState(row) };
}

/** The same span again where its time is over, and whoever was paused when it ended is not any more. */
function* giveTime({ botId, notificationId, at, expiresAt }: RetryRequest, row: Row): Steps<void> {
  const deadline = int(row, 'expires_at');
  const span = Math.min(deadline - int(row, 'created_at'), LONGEST_SPAN_MS);
  yield* execute(
    `UPDATE notifications SET expires_at = $3, extended_at = coalesce(extended_at, $4),
       paused_at = CASE WHEN finished_at IS NULL THEN paused_at ELSE NULL END,
       paused_reason = CASE WHEN finished_at IS NULL THEN paused_reason ELSE NULL END
     WHERE bot_id = $1 AND id = $2`,
    botId,
    notificationId,
    expiresAt ?? (deadline > at ? deadline : at + span),
    at,
  );
}

export function* findRetry({
  botId,
  notificationId,
  no,
}: NotificationKey & { readonly no: number }): Steps<RetryState | null> {
  const [row] = yield* query(
    'SELECT no, retried, left_out, finished_at FROM retries WHERE bot_id = $1 AND notification_id = $2 AND no = $3',
    botId,
    notificationId,
    no,
  );
  return row === undefined ? null : retryState(row);
}

const retryState = (row: Row): RetryState => ({
  no: int(row, 'no'),
  retried: int(row, 'retried'),
  leftOut: int(row, 'left_out'),
  isOver: intOrNull(row, 'finished_at') !== null,
});

export function* goOnRetrying({ at }: { readonly at: number }): Steps<number> {
  const open = yield* query(
    'SELECT bot_id, notification_id FROM retries WHERE finished_at IS NULL LIMIT $1',
    RETRIES_PER_LOOK,
  );
  for (const row of open) {
    const key = { botId: text(row, 'bot_id'), notificationId: text(row, 'notification_id') };
    if ((yield* lockNotification(key)) === null) continue;
    const looked = yield* goOn(key, at);
    if (looked > 0) return looked;
  }
  return 0;
}

const RETRIES_PER_LOOK = 100;

/** Whoever wants to record an end, to park or to retry waits here, so that logs and batches are of one moment. */
function* lockNotification({ botId, notificationId }: NotificationKey): Steps<Row | null> {
  const [row] = yield* query(
    `SELECT created_at, expires_at, cancelled_at, ledger_removed_at FROM notifications WHERE bot_id = $1 AND id = $2 {lock}`,
    botId,
    notificationId,
  );
  return row ?? null;
}

/** One stretch. Answers how many recipients were looked at; 0: a worker is in the way. */
function* goOn(key: NotificationKey, at: number): Steps<number> {
  const [row] = yield* query(
    `SELECT r.no, r.states, r.reasons, r.after_seq, n.total, n.lane, n.channel, n.connection_id, n.options, n.api, n.keeps, n.cancelled_at,
       n.paused_at
     FROM retries AS r JOIN notifications AS n ON n.bot_id = r.bot_id AND n.id = r.notification_id
     WHERE r.bot_id = $1 AND r.notification_id = $2 AND r.finished_at IS NULL`,
    key.botId,
    key.notificationId,
  );
  if (row === undefined) return 0;
  const [afterSeq, lastSeq] = [int(row, 'after_seq'), int(row, 'total') - 1];
  const isOff = intOrNull(row, 'cancelled_at') !== null;
  const held = yield* listHeldSeqs(key);
  const found = isOff ? [] : yield* listMatching(key, row, Math.min(afterSeq + STRETCH, lastSeq));
  const blocked = found.find(({ recipient }) => held.has(recipient.seq));
  const until = blocked === undefined ? Math.min(afterSeq + STRETCH, lastSeq) : blocked.recipient.seq - 1;
  const within = found.filter(({ recipient }) => recipient.seq <= until);
  const again = within.filter(({ isLeftOut }) => !isLeftOut);
  yield* takeBack(key, again, at);
  for (const [step, group] of Map.groupBy(again, (one) => one.step)) {
    const options = optionsOf(row);
    const notification = { channel: text(row, 'channel'), connectionId: text(row, 'connection_id') };
    const { connectionId } = channelAt({ ...notification, ...(options && { options }) }, step);
    const recipients = group.map(({ recipient }) => recipient);
    yield* putIntoQueue(key, row, { connectionId, recipients });
  }
  yield* execute(
    `UPDATE retries SET after_seq = $4, retried = retried + $5, left_out = left_out + $6, finished_at = $7
     WHERE bot_id = $1 AND notification_id = $2 AND no = $3`,
    key.botId,
    key.notificationId,
    int(row, 'no'),
    until,
    again.length,
    within.length - again.length,
    isOff || until >= lastSeq ? at : null,
  );
  return isOff ? 1 : until - afterSeq;
}

interface Matching {
  readonly recipient: Recipient;
  /** Where it begins: a message that is changed is where it is, everything else is tried on the first channel. */
  readonly step: number;
  readonly state: string;
  /** The provider says that they have it, they were erased, or what they alone were to be sent is not known any more. */
  readonly isLeftOut: boolean;
}

function* listMatching(key: NotificationKey, retried: Row, untilSeq: number): Steps<Matching[]> {
  const reasons = textOrNull(retried, 'reasons');
  // A duplicate is somebody who is there once already, and whoever was left out stays so.
  const rows = yield* query(
    `SELECT l.seq, l.identity, l.state, l.attempts, l.maybe_doubled, l.route, r.state AS receipt
     FROM logs AS l LEFT JOIN receipts AS r
       ON r.bot_id = l.bot_id AND r.notification_id = l.notification_id AND r.seq = l.seq
     WHERE l.bot_id = $1 AND l.notification_id = $2 AND l.seq > $3 AND l.seq <= $4 AND l.state {any:text $5}
       AND l.reason NOT IN ('duplicate', 'excluded')
       ${reasons === null ? '' : 'AND l.reason {any:text $6}'} ORDER BY l.seq`,
    key.botId,
    key.notificationId,
    int(retried, 'after_seq'),
    untilSeq,
    JSON.parse(text(retried, 'states')) as string[],
    ...(reasons === null ? [] : [JSON.parse(reasons) as string[]]),
  );
  const kept = yield* keptRecipients(
    key,
    rows.map((row) => int(row, 'seq')),
  );
  // What came before anything was kept had words for single recipients only if it could have.
  const mayBePlain = intOrNull(retried, 'keeps') !== null || text(retried, 'api') === 'kore-v1';
  const staysThere = isAmendment(optionsOf(retried));
  const beingErased = yield* listBeingErased(key.botId);
  return rows.map((row) => {
    const own = kept.get(int(row, 'seq'));
    const receipt = textOrNull(row, 'receipt');
    const hasIt = receipt !== null && receipt !== 'failed';
    const step = staysThere ? stepIn(row) : 0;
    const recipient = { ...pendingAgain(row, own), ...(step > 0 && { route: { tried: [] } }) };
    const isNobody = isErased(recipient) || beingErased.some((one) => isOf(one, recipient.identity, null));
    return {
      recipient,
      step,
      state: text(row, 'state'),
      isLeftOut: hasIt || isNobody || (own === undefined && (staysThere || !mayBePlain)),
    };
  });
}

/** With a full number of attempts, and all that is known of those before. */
const pendingAgain = (row: Row, own: Recipient | undefined): Recipient => ({
  seq: int(row, 'seq'),
  identity: text(row, 'identity'),
  customMessage: own?.customMessage ?? null,
  parameters: own?.parameters ?? null,
  attempts: 0,
  maybeSent: int(row, 'maybe_doubled') === 1 || text(row, 'state') === 'unknown',
  ...(int(row, 'attempts') > 0 && { earlier: int(row, 'attempts') }),
});

/** The channel on which somebody ended. */
function stepIn(row: Row): number {
  const route = textOrNull(row, 'route');
  return route === null ? 0 : (JSON.parse(route) as NonNullable<Log['route']>).step;
}

/** Logs away and counters back; `updated_at` moves, for by it finished notifications are known apart. */
function* takeBack(key: NotificationKey, again: readonly Matching[], at: number): Steps<void> {
  if (again.length === 0) return;
  const seqs = again.map(({ recipient }) => recipient.seq);
  yield* execute(
    'DELETE FROM logs WHERE bot_id = $1 AND notification_id = $2 AND seq {any:int $3}',
    key.botId,
    key.notificationId,
    seqs,
  );
  yield* forgetKept(key, seqs);
  const count = (state: string): number => again.filter((one) => one.state === state).length;
  yield* execute(
    `UPDATE notifications SET pending = pending + $3, failed = failed - $4, suppressed = suppressed - $5,
       expired = expired - $6, unknown = unknown - $7, finished_at = NULL,
       updated_at = CASE WHEN updated_at < $8 THEN $8 ELSE updated_at + 1 END
     WHERE bot_id = $1 AND id = $2`,
    key.botId,
    key.notificationId,
    again.length,
    count('failed'),
    count('suppressed'),
    count('expired'),
    count('unknown'),
    at,
  );
}

function* putIntoQueue(
  { botId, notificationId }: NotificationKey,
  row: Row,
  { connectionId, recipients }: { readonly connectionId: string; readonly recipients: readonly Recipient[] },
) {
  const lane = LANES[int(row, 'lane')] ?? 'normal';
  const queue = queueKey({ lane, botId, connectionId, size: sizeOf(int(row, 'total')) });
  const parkedMs = intOrNull(row, 'paused_at') === null ? 0 : PARKED_MS;
  const claimableAt = (yield* leaseClock()) + parkedMs;
  const token = int(row, 'no') * TOKENS_PER_RETRY;
  const rows = [];
  for (let from = 0; from < recipients.length; from += BATCH_SIZE) {
    const slice = recipients.slice(from, from + BATCH_SIZE);
    const batchNo = firstSeq(slice);
    rows.push([botId, notificationId, batchNo, queue, claimableAt, token, 0, encodeRecipients(slice)] as const);
  }
  yield* insertMany(BATCHES, rows);
  yield* countBacklog(botId, recipients.length);
}
