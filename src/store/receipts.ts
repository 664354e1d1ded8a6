import { ERASED } from '../model/erasure.ts';
import { isArrived, stepOf } from '../model/fall-back.ts';
import { advances, RECEIPT_STATES, type Receipt, type ReceiptCounts, type ReceiptState } from '../model/news.ts';
import type { Reason } from '../model/reasons.ts';
import { optionsOf } from './notifications.ts';
import type { NotificationKey } from './port/notifications.ts';
import type { RecordReceipts } from './port/receipts.ts';
import {
  execute,
  type InsertShape,
  insertMany,
  int,
  intOrNull,
  query,
  type Row,
  type Steps,
  text,
  textOrNull,
} from './steps.ts';

const RECEIPTS: InsertShape = {
  table: 'receipts',
  columns: {
    bot_id: 'text',
    notification_id: 'text',
    seq: 'int',
    state: 'text',
    at: 'int',
    reason: 'text',
    detail: 'text',
  },
  onConflict: `ON CONFLICT (bot_id, notification_id, seq) DO UPDATE SET state = excluded.state, at = excluded.at,
    reason = excluded.reason, detail = excluded.detail`,
};

/** Of a channel after the first, or of which one before has told something too. */
const ROUTED_RECEIPTS: InsertShape = {
  ...RECEIPTS,
  columns: { ...RECEIPTS.columns, step: 'int', earlier_arrived: 'int' },
  onConflict: `${RECEIPTS.onConflict}, step = excluded.step, earlier_arrived = excluded.earlier_arrived`,
};

const COUNTS: InsertShape = {
  table: 'receipt_counts',
  columns: { bot_id: 'text', notification_id: 'text' },
  onConflict: 'ON CONFLICT DO NOTHING',
};

type Told = RecordReceipts['receipts'][number];

/** The counts of a notification are its lock: whoever tells of the same recipients at the same moment waits here. */
export function* recordReceipts({ botId, connectionId, receipts }: RecordReceipts): Steps<number> {
  const known = yield* withoutWords(botId, yield* dropUnknown(botId, connectionId, receipts));
  if (known.length === 0) return 0;
  const ids = [...new Set(known.map((told) => told.notificationId))].sort();
  yield* insertMany(
    COUNTS,
    ids.map((id) => [botId, id]),
  );
  yield* query(
    `SELECT notification_id FROM receipt_counts
     WHERE bot_id = $1 AND notification_id {any:text $2} ORDER BY notification_id {lock}`,
    botId,
    ids,
  );
  const present = yield* readPresent(botId, known);
  const before = new Map(present);
  for (const told of known) {
    const name = nameOf(told);
    present.set(name, joinReceipts(present.get(name) ?? null, told));
  }
  const changed = [...present].filter(([name, told]) => before.get(name) !== told);
  const rowOf = (told: Told) => [botId, told.notificationId, told.seq, told.state, told.at, told.reason, told.detail];
  const [routed, plain] = partition(changed.map(([, told]) => told));
  yield* insertMany(RECEIPTS, plain.map(rowOf));
  yield* insertMany(
    ROUTED_RECEIPTS,
    routed.map((told) => [...rowOf(told), told.step ?? null, told.earlierArrived ? 1 : null]),
  );
  for (const id of ids) {
    const moves = changed.filter(([, told]) => told.notificationId === id);
    if (moves.length > 0)
      yield* moveCounts(
        botId,
        id,
        moves.map(([name, told]) => [before.get(name)?.state, told.state]),
      );
  }
  return changed.length;
}

function partition(receipts: readonly Told[]): readonly [routed: Told[], plain: Told[]] {
  const isRouted = ({ step, earlierArrived }: Told): boolean => step !== undefined || earlierArrived !== undefined;
  return [receipts.filter(isRouted), receipts.filter((told) => !isRouted(told))];
}

/** A later channel's stands for the recipient; that one before it had arrived too is kept beside it. */
function joinReceipts(present: Told | null, told: Told): Told {
  const [at, before] = [told.step ?? 0, present?.step ?? 0];
  if (present === null || at === before) {
    if (!advances(present?.state ?? null, told.state)) return present ?? told;
    return present?.earlierArrived ? { ...told, earlierArrived: true } : told;
  }
  const [earlier, later] = at < before ? [told, present] : [present, told];
  const isSecond = present.earlierArrived === true || isArrived(earlier);
  if (later === present && isSecond === (present.earlierArrived === true)) return present;
  return isSecond ? { ...later, earlierArrived: true } : later;
}

/** A provider speaks for its own connection only, and of recipients there are. */
function* dropUnknown(botId: string, connectionId: string, receipts: readonly Told[]): Steps<Told[]> {
  const rows = yield* query(
    `SELECT id, total, connection_id, options FROM notifications
     WHERE bot_id = $1 AND id {any:text $2} AND ledger_removed_at IS NULL`,
    botId,
    [...new Set(receipts.map((told) => told.notificationId))],
  );
  const facts = new Map(
    rows.map((row) => [text(row, 'id'), { total: int(row, 'total'), step: stepFor(row, connectionId) }] as const),
  );
  return receipts.flatMap((told) => {
    const { total = 0, step = null } = facts.get(told.notificationId) ?? {};
    if (told.seq < 0 || told.seq >= total || step === null) return [];
    return step === 0 ? [told] : [{ ...told, step }];
  });
}

/** What a provider says of those who were erased meanwhile may name them. Few receipts say anything. */
function* withoutWords(botId: string, receipts: readonly Told[]): Steps<readonly Told[]> {
  const wordy = receipts.filter(({ detail }) => detail !== null);
  if (wordy.length === 0) return receipts;
  const rows = yield* query(
    `SELECT notification_id, seq FROM logs WHERE identity = '${ERASED}' AND (bot_id, notification_id, seq) IN (
       SELECT t.bot_id, t.notification_id, t.seq FROM {rows t(bot_id text, notification_id text, seq int) $1}
     )`,
    wordy.map((told) => ({ bot_id: botId, notification_id: told.notificationId, seq: told.seq })),
  );
  const erased = new Set(rows.map((row) => `${text(row, 'notification_id')}.${int(row, 'seq')}`));
  return erased.size === 0
    ? receipts
    : receipts.map((told) => (erased.has(nameOf(told)) ? { ...told, detail: null } : told));
}

/** Which channel of a notification it is that a connection speaks for; null: none. */
function stepFor(row: Row, connectionId: string): number | null {
  if (text(row, 'connection_id') === connectionId) return 0;
  const options = optionsOf(row);
  const step = options === undefined ? 0 : stepOf({ options }, connectionId);
  return step === 0 ? null : step;
}

function* readPresent(botId: string, receipts: readonly Told[]): Steps<Map<string, Told>> {
  const rows = yield* query(
    `SELECT notification_id, seq, state, at, reason, detail, step, earlier_arrived FROM receipts WHERE (bot_id, notification_id, seq) IN (
       SELECT t.bot_id, t.notification_id, t.seq FROM {rows t(bot_id text, notification_id text, seq int) $1}
     )`,
    receipts.map((told) => ({ bot_id: botId, notification_id: told.notificationId, seq: told.seq })),
  );
  const present = rows.map((row) => ({ ...receipt(row), notificationId: text(row, 'notification_id') }));
  return new Map(present.map((told) => [nameOf(told), told]));
}

const nameOf = ({ notificationId, seq }: Told): string => `${notificationId}.${seq}`;

type Move = readonly [from: ReceiptState | undefined, to: ReceiptState];

function* moveCounts(botId: string, notificationId: string, moves: readonly Move[]): Steps<void> {
  const changes = RECEIPT_STATES.map(
    (state) => moves.filter(([, to]) => to === state).length - moves.filter(([from]) => from === state).length,
  );
  yield* execute(
    `UPDATE receipt_counts SET ${RECEIPT_STATES.map((state, index) => `${state} = ${state} + $${index + 3}`).join(', ')}
     WHERE bot_id = $1 AND notification_id = $2`,
    botId,
    notificationId,
    ...changes,
  );
}

export function* countReceipts({ botId, notificationId }: NotificationKey): Steps<ReceiptCounts> {
  const [row] = yield* query(
    'SELECT sent, failed, delivered, read FROM receipt_counts WHERE bot_id = $1 AND notification_id = $2',
    botId,
    notificationId,
  );
  if (row === undefined) return { sent: 0, failed: 0, delivered: 0, read: 0 };
  return {
    sent: int(row, 'sent'),
    failed: int(row, 'failed'),
    delivered: int(row, 'delivered'),
    read: int(row, 'read'),
  };
}

export function* listReceipts(
  request: NotificationKey & { readonly fromSeq: number; readonly toSeq: number },
): Steps<Receipt[]> {
  const rows = yield* query(
    `SELECT seq, state, at, reason, detail, step, earlier_arrived FROM receipts
     WHERE bot_id = $1 AND notification_id = $2 AND seq BETWEEN $3 AND $4 ORDER BY seq`,
    request.botId,
    request.notificationId,
    request.fromSeq,
    request.toSeq,
  );
  return rows.map(receipt);
}

// Typed when it was written; the database is ours alone.
function receipt(row: Row): Receipt {
  const step = intOrNull(row, 'step');
  return {
    seq: int(row, 'seq'),
    state: text(row, 'state') as ReceiptState,
    at: int(row, 'at'),
    reason: textOrNull(row, 'reason') as Reason | null,
    detail: textOrNull(row, 'detail'),
    ...(step !== null && { step }),
    ...(intOrNull(row, 'earlier_arrived') === 1 && { earlierArrived: true }),
  };
}
