import type { Receipt, ReceiptState } from '../model/news.ts';
import type { Log } from '../model/notification.ts';
import type { Reason } from '../model/reasons.ts';
import { countsOf, logOf } from './notifications.ts';
import type { LedgerFilter, LedgerLine, LedgerStretch, NotificationKey, ReasonTally } from './port/notifications.ts';
import { reasonsOf as reasonsRemoved } from './retention.ts';
import { int, intOrNull, type Param, query, type Row, type Steps, text, textOrNull } from './steps.ts';

/** What it costs is bounded by how many recipients it spans, whatever the filter leaves of them. */
export function* listLedger(request: LedgerStretch): Steps<LedgerLine[]> {
  const { botId, notificationId, afterSeq, untilSeq, limit, filter } = request;
  const conditions = conditionsOf(filter, 6);
  const rows = yield* query(
    `SELECT l.seq, l.state, l.reason, l.detail, l.identity, l.person_id, l.channel_id, l.provider_message_id, l.attempts,
       l.maybe_doubled, l.at, l.route, r.state AS receipt_state, r.at AS receipt_at, r.reason AS receipt_reason,
       r.detail AS receipt_detail, r.step AS receipt_step, r.earlier_arrived AS receipt_earlier_arrived
     FROM logs AS l LEFT JOIN receipts AS r
       ON r.bot_id = l.bot_id AND r.notification_id = l.notification_id AND r.seq = l.seq
     WHERE l.bot_id = $1 AND l.notification_id = $2 AND l.seq > $3 AND l.seq <= $4 ${conditions.sql}
     ORDER BY l.seq LIMIT $5`,
    botId,
    notificationId,
    afterSeq,
    untilSeq,
    limit,
    ...conditions.params,
  );
  return rows.map((row) => ({ log: routedLogOf(row), receipt: receiptOf(row) }));
}

// Typed when it was written.
export function routedLogOf(row: Row): Log {
  const route = textOrNull(row, 'route');
  return route === null ? logOf(row) : { ...logOf(row), route: JSON.parse(route) as NonNullable<Log['route']> };
}

/** `AND …` for each part of the filter that is there; parameters are numbered from `first`. */
function conditionsOf({ states, reasons, identity, prefix }: LedgerFilter, first: number) {
  const params: Param[] = [];
  const bind = (value: Param): string => `$${first + params.push(value) - 1}`;
  const conditions = [
    states === null ? '' : `AND l.state {any:text ${bind(states)}}`,
    reasons === null ? '' : `AND l.reason {any:text ${bind(reasons)}}`,
    identity === null ? '' : `AND lower(l.identity) = ${bind(lower(identity))}`,
    // Its length in characters, as both databases count them; LIKE would read signs of its own into it.
    prefix === null ? '' : `AND substr(lower(l.identity), 1, ${bind([...prefix].length)}) = ${bind(lower(prefix))}`,
  ];
  return { sql: conditions.join(' '), params };
}

/** As both databases do it: of letters from A to Z only. */
const lower = (value: string): string => value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** So many recipients that were not reached are counted at once: some ten milliseconds of the database. */
const MAX_TALLIED = 100_000;

export function* tallyReasons({ botId, notificationId }: NotificationKey): Steps<ReasonTally | null> {
  const [row] = yield* query(
    `SELECT ${COUNTS}, ${UNREACHED} AS unreached, n.ledger_removed_at FROM notifications AS n WHERE n.bot_id = $1 AND n.id = $2`,
    botId,
    notificationId,
  );
  if (row === undefined) return null;
  const unreached = int(row, 'unreached');
  if (unreached > MAX_TALLIED && intOrNull(row, 'ledger_removed_at') === null)
    return { counts: countsOf(row), reasons: null };
  if (unreached === 0) return { counts: countsOf(row), reasons: {} };
  // One statement, so that counters and logs are of one moment: their sums are the same.
  const rows = yield* query(
    `SELECT ${COUNTS}, n.ledger_reasons, l.reason, l.recipients FROM notifications AS n LEFT JOIN (
       SELECT bot_id, notification_id, reason, count(*) AS recipients FROM logs
       WHERE bot_id = $1 AND notification_id = $2 AND reason IS NOT NULL GROUP BY bot_id, notification_id, reason
     ) AS l ON l.bot_id = n.bot_id AND l.notification_id = n.id
     WHERE n.bot_id = $1 AND n.id = $2 ORDER BY l.reason`,
    botId,
    notificationId,
  );
  const [first] = rows;
  if (first === undefined) return null;
  const reasons = { ...reasonsRemoved(first) };
  for (const row of rows) {
    const reason = textOrNull(row, 'reason') as Reason | null;
    if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + int(row, 'recipients');
  }
  return { counts: countsOf(first), reasons };
}

const COUNTS = 'n.total, n.pending, n.delivered, n.failed, n.suppressed, n.expired, n.cancelled, n.unknown';
const UNREACHED = '(n.total - n.pending - n.delivered)';

export function* countReasons(request: Omit<LedgerStretch, 'limit' | 'filter'>): Steps<ReasonCounts> {
  const rows = yield* query(
    `SELECT reason, count(*) AS recipients FROM logs
     WHERE bot_id = $1 AND notification_id = $2 AND seq > $3 AND seq <= $4 AND reason IS NOT NULL
     GROUP BY reason ORDER BY reason`,
    request.botId,
    request.notificationId,
    request.afterSeq,
    request.untilSeq,
  );
  return reasonsOf(rows);
}

type ReasonCounts = NonNullable<ReasonTally['reasons']>;

// Typed when it was written; the database is ours alone.
const reasonsOf = (rows: readonly Row[]): ReasonCounts =>
  Object.fromEntries(rows.map((row) => [text(row, 'reason') as Reason, int(row, 'recipients')]));

function receiptOf(row: Row): Receipt | null {
  const state = textOrNull(row, 'receipt_state');
  if (state === null) return null;
  const step = intOrNull(row, 'receipt_step');
  return {
    seq: int(row, 'seq'),
    state: state as ReceiptState,
    at: int(row, 'receipt_at'),
    reason: textOrNull(row, 'receipt_reason') as Reason | null,
    detail: textOrNull(row, 'receipt_detail'),
    ...(step !== null && { step }),
    ...(intOrNull(row, 'receipt_earlier_arrived') === 1 && { earlierArrived: true }),
  };
}
