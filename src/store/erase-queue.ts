import { isOf, withoutIdentity } from '../model/erasure.ts';
import { endUntried, stepOf } from '../model/fall-back.ts';
import { allAttempts, type Log, type Recipient } from '../model/notification.ts';
import { UNSEALED } from './audience-rows.ts';
import { countBacklog } from './backlogs.ts';
import { heldBatch, parseQueueKey } from './batches.ts';
import { checkpoint, LOGS, logRows } from './checkpoint.ts';
import type { ErasureStep, Stretch } from './erasures.ts';
import { channelsOf } from './notifications.ts';
import type { BatchKey, HeldBatch } from './port/work.ts';
import { decodeRecipients, encodeRecipients } from './recipients.ts';
import { execute, insertMany, int, query, type Row, type Steps, text } from './steps.ts';
import { tellEndsOf } from './unworked-ends.ts';

/** Looked through in one transaction. */
const BATCHES_PER_STEP = 20;

/**
 * Ends those of a bot's batches who are erased: nobody sends them anything any more. What a worker holds is its own to
 * conclude, so the step ends there and begins there again. Whatever comes back of it lies further on in the order.
 */
export function* eraseQueued({ botId, erased, place, at }: ErasureStep): Steps<Stretch> {
  const [notificationId, batchNo] = place === '' ? ['', -1] : (JSON.parse(place) as [string, number]);
  const rows = yield* query(
    `SELECT notification_id, batch_no, recipients FROM batches
     WHERE bot_id = $1 AND (notification_id, batch_no) > ($2, $3) ORDER BY notification_id, batch_no LIMIT $4`,
    botId,
    notificationId,
    batchNo,
    BATCHES_PER_STEP,
  );
  let stretch: Stretch = { place, looked: 0, erased: 0 };
  for (const row of rows) {
    const recipients = decodeRecipients(text(row, 'recipients'));
    const isAnyOf = recipients.some(({ identity }) => isOf(erased, identity, null));
    const ended = isAnyOf ? yield* endErased(keyOf(botId, row), { erased, at }) : 0;
    if (ended === null) return stretch;
    stretch = {
      place: JSON.stringify([text(row, 'notification_id'), int(row, 'batch_no')]),
      looked: stretch.looked + recipients.length,
      erased: stretch.erased + ended,
    };
  }
  // Those of audiences are known apart, and left out, by their names.
  if (rows.length < BATCHES_PER_STEP) {
    yield* forgetMembers({ botId, erased });
    return { ...stretch, place: null };
  }
  return stretch;
}

const keyOf = (botId: string, row: Row): BatchKey => ({
  botId,
  notificationId: text(row, 'notification_id'),
  batchNo: int(row, 'batch_no'),
});

type Who = Pick<ErasureStep, 'erased' | 'at'>;

/** How many it ended. Null: it is not there for us now. */
function* endErased(key: BatchKey, who: Who): Steps<number | null> {
  const { botId, notificationId } = key;
  const [sealed] = yield* query(
    'SELECT id, channel, connection_id, options FROM notifications WHERE bot_id = $1 AND id = $2',
    botId,
    notificationId,
  );
  // Locked before its batches, as by whoever throws an audience away.
  const [audience] =
    sealed !== undefined
      ? []
      : yield* query(
          `SELECT state FROM audiences WHERE bot_id = $1 AND id = $2 AND state IN (${UNSEALED}) {lock}`,
          botId,
          notificationId,
        );
  const [row] = yield* query(
    `SELECT bot_id, notification_id, batch_no, token, queue, recipients FROM batches
     WHERE bot_id = $1 AND notification_id = $2 AND batch_no = $3 AND owner IS NULL {skip}`,
    botId,
    notificationId,
    key.batchNo,
  );
  if (row === undefined || (sealed === undefined && audience === undefined)) return null;
  const recipients = decodeRecipients(text(row, 'recipients'));
  const notification = sealed === undefined ? null : channelsOf(sealed);
  const step = notification === null ? 0 : stepOf(notification, parseQueueKey(text(row, 'queue')).connectionId);
  const those = recipients.filter(({ identity }) => isOf(who.erased, identity, null));
  const logs = those.map((one) => endOf(one, step, who.at));
  const ended = new Set(logs.map(({ seq }) => seq));
  const others = recipients.filter(({ seq }) => !ended.has(seq));
  const batch = heldBatch(row);
  if (notification !== null) {
    yield* checkpoint({ batches: [{ batch, logs, remainder: others.length === 0 ? [] : null }], again: false });
    yield* tellEndsOf({ ...notification, botId, notificationId }, [{ logs, step }], who.at);
  } else {
    yield* endInAudience(batch, logs, others.length);
    // A plan that nobody has launched counts nowhere yet.
    if (audience !== undefined && text(audience, 'state') !== 'planned') yield* countBacklog(botId, -logs.length);
  }
  if (others.length > 0) yield* shorten(batch, others);
  return logs.length;
}

function endOf(recipient: Recipient, step: number, at: number): Log {
  const { seq, identity, maybeSent } = recipient;
  const suppressed: Log = {
    ...{ seq, identity, state: 'suppressed', reason: 'erased', detail: null },
    ...{ personId: null, channelId: null, providerMessageId: null },
    attempts: allAttempts(recipient),
    maybeDoubled: maybeSent,
    at,
  };
  return withoutIdentity(endUntried({ step, recipient, log: suppressed }));
}

/** It has no counters yet: its notification begins with those who are left out from the beginning. */
function* endInAudience(batch: HeldBatch, logs: readonly Log[], others: number): Steps<void> {
  const { botId, notificationId, batchNo } = batch;
  yield* insertMany(LOGS, logRows({ batch, logs }));
  yield* execute(
    'UPDATE audiences SET suppressed = suppressed + $3 WHERE bot_id = $1 AND id = $2',
    botId,
    notificationId,
    logs.length,
  );
  if (others > 0) return;
  yield* execute(
    'DELETE FROM batches WHERE bot_id = $1 AND notification_id = $2 AND batch_no = $3',
    botId,
    notificationId,
    batchNo,
  );
}

function* shorten({ botId, notificationId, batchNo }: HeldBatch, others: readonly Recipient[]): Steps<void> {
  yield* execute(
    'UPDATE batches SET recipients = $4 WHERE bot_id = $1 AND notification_id = $2 AND batch_no = $3',
    botId,
    notificationId,
    batchNo,
    encodeRecipients(others),
  );
}

function* forgetMembers({ botId, erased }: Pick<ErasureStep, 'botId' | 'erased'>): Steps<void> {
  const rows = yield* query('SELECT id FROM audiences WHERE bot_id = $1', botId);
  const members = erased.personId === null ? erased.names : [...erased.names, erased.personId];
  for (const row of rows) {
    for (const table of ['audience_members', 'audience_excluded'] as const) {
      yield* execute(
        `DELETE FROM ${table} WHERE bot_id = $1 AND notification_id = $2 AND member {any:text $3}`,
        botId,
        text(row, 'id'),
        members,
      );
    }
  }
}
