import { isOf, withoutIdentity } from '../model/erasure.ts';
import type { ErasureStep, Stretch } from './erasures.ts';
import { routedLogOf } from './ledger.ts';
import { execute, int, query, type Row, type Steps, text } from './steps.ts';

/** Looked at in one transaction. */
const LOGS_PER_STEP = 2_000;

/**
 * Takes those who are erased out of the logs of a bot, with what stands beside them: receipts say no more than their
 * state, and what they alone were to be sent is gone. Counts stay.
 */
export function* eraseLedger({ botId, erased, place }: ErasureStep): Steps<Stretch> {
  const [notificationId, seq] = place === '' ? ['', -1] : (JSON.parse(place) as [string, number]);
  const rows = yield* query(
    `SELECT notification_id, seq, state, reason, detail, identity, person_id, channel_id, provider_message_id, attempts,
       maybe_doubled, at, route FROM logs
     WHERE bot_id = $1 AND (notification_id, seq) > ($2, $3) ORDER BY notification_id, seq LIMIT $4`,
    botId,
    notificationId,
    seq,
    LOGS_PER_STEP,
  );
  const found = rows.filter((row) => {
    const { identity, personId } = routedLogOf(row);
    return isOf(erased, identity, personId);
  });
  if (found.length > 0) yield* blacken(botId, found);
  const last = rows.at(-1);
  const isOver = last === undefined || rows.length < LOGS_PER_STEP;
  return {
    place: isOver ? null : JSON.stringify([text(last, 'notification_id'), int(last, 'seq')]),
    looked: rows.length,
    erased: found.length,
  };
}

/** `updated_at` moves, for by it the documents of finished notifications are known apart. */
function* blacken(botId: string, rows: readonly Row[]): Steps<void> {
  const found = rows.map((row) => {
    const { route, identity } = withoutIdentity(routedLogOf(row));
    return {
      notification_id: text(row, 'notification_id'),
      seq: int(row, 'seq'),
      identity,
      route: route === undefined ? null : JSON.stringify(route),
    };
  });
  yield* execute(
    `UPDATE logs SET identity = found.identity, route = found.route, person_id = NULL, channel_id = NULL,
       provider_message_id = NULL, detail = NULL
     FROM {rows found(notification_id text, seq int, identity text, route text) $2}
     WHERE logs.bot_id = $1 AND logs.notification_id = found.notification_id AND logs.seq = found.seq`,
    botId,
    found,
  );
  const keys = found.map(({ notification_id, seq }) => ({ notification_id, seq }));
  yield* execute(
    `UPDATE receipts SET detail = NULL FROM {rows found(notification_id text, seq int) $2}
     WHERE receipts.bot_id = $1 AND receipts.notification_id = found.notification_id AND receipts.seq = found.seq
       AND receipts.detail IS NOT NULL`,
    botId,
    keys,
  );
  yield* execute(
    `DELETE FROM kept_recipients WHERE bot_id = $1 AND (notification_id, seq) IN (
       SELECT found.notification_id, found.seq FROM {rows found(notification_id text, seq int) $2}
     )`,
    botId,
    keys,
  );
  yield* execute('UPDATE notifications SET updated_at = updated_at + 1 WHERE bot_id = $1 AND id {any:text $2}', botId, [
    ...new Set(keys.map(({ notification_id }) => notification_id)),
  ]);
}
