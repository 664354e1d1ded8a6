import type { Channels } from '../model/fall-back.ts';
import { sizeOf } from '../model/lane.ts';
import {
  type Api,
  type Counts,
  type FinalState,
  LANES,
  type Log,
  type Notification,
  type NotificationStatus,
  type NotificationSummary,
} from '../model/notification.ts';
import type { Options } from '../model/options.ts';
import type { Reason } from '../model/reasons.ts';
import { BATCHES, leaseClock, queueKey } from './batches.ts';
import { watchForCallback } from './callback-watches.ts';
import { LOGS, logRows } from './checkpoint.ts';
import { decodeContent, encodeContent } from './content.ts';
import { PARKED_MS, pauseReason } from './pause.ts';
import type { AcceptResult, WrittenAcceptRequest } from './port/acceptance.ts';
import type { NotificationKey, NotificationPage } from './port/notifications.ts';
import { keepReply } from './replies.ts';
import { execute, insertMany, int, intOrNull, query, type Row, type Steps, text, textOrNull } from './steps.ts';
import { tellEnds } from './unworked-ends.ts';

export function* accept(request: WrittenAcceptRequest): Steps<AcceptResult> {
  if (request.idempotency !== null) {
    const earlier = yield* keepReply(request.idempotency);
    if (earlier !== null) return { kind: 'replay', reply: earlier };
  }
  yield* insertNotification(request.notification);
  yield* watchForCallback(request.notification);
  yield* setRules(request.notification, request.heldFrom ?? null);
  yield* insertBatches(request);
  if (request.suppressed !== undefined) yield* endSuppressed(request.notification, request.suppressed);
  return { kind: 'accepted' };
}

/** Those who are left out from the beginning. */
function* endSuppressed(notification: Notification, logs: readonly Log[]): Steps<void> {
  yield* insertMany(LOGS, logRows({ batch: { botId: notification.botId, notificationId: notification.id }, logs }));
  yield* suppress(notification, { duplicate: logs.length, excluded: 0, erased: 0 }, notification.createdAt);
}

export function* suppress(
  notification: Pick<Notification, 'botId' | 'id' | 'channel' | 'connectionId'>,
  leftOut: LeftOut,
  at: number,
): Steps<void> {
  yield* execute(
    `UPDATE notifications SET pending = pending - $3, suppressed = suppressed + $3, updated_at = $4,
       finished_at = CASE WHEN pending = $3 THEN $4 ELSE finished_at END
     WHERE bot_id = $1 AND id = $2`,
    notification.botId,
    notification.id,
    leftOut.duplicate + leftOut.excluded + leftOut.erased,
    at,
  );
  const { botId, id: notificationId, channel, connectionId } = notification;
  const of = { channel, connectionId, state: 'suppressed' } as const;
  const ends = LEFT_OUT.map((reason) => ({ ...of, reason, count: leftOut[reason] }));
  yield* tellEnds({ botId, notificationId }, ends, at);
}

/** How many are left out from the beginning, and why. */
interface LeftOut {
  readonly duplicate: number;
  readonly excluded: number;
  /** While they were gathered. */
  readonly erased: number;
}

const LEFT_OUT = ['duplicate', 'excluded', 'erased'] as const satisfies readonly (keyof LeftOut & Reason)[];

export function* insertNotification(notification: Notification): Steps<void> {
  yield* execute(
    `INSERT INTO notifications (bot_id, id, api, app_id, created_by, channel, channel_spelling, connection_id, resolve,
       lane, message, total, pending, created_at, updated_at, expires_at, options, keeps)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $13, $14, $15, 1)`,
    notification.botId,
    notification.id,
    notification.api,
    notification.appId,
    notification.createdBy,
    notification.channel,
    notification.channelSpelling,
    notification.connectionId,
    notification.resolve ? 1 : 0,
    LANES.indexOf(notification.lane),
    encodeContent(notification.message),
    notification.total,
    notification.createdAt,
    notification.expiresAt,
    notification.options === undefined ? null : JSON.stringify(notification.options),
  );
}

/** So that looking for those that were sent by rules costs nothing where there are none; see `rules.ts`. */
export function* setRules({ botId, id, options }: Notification, heldFrom: number | null): Steps<void> {
  if (options?.canary === undefined && options?.pauseWhen === undefined) return;
  yield* execute(
    'UPDATE notifications SET ruled = 1, held_from = $3 WHERE bot_id = $1 AND id = $2',
    botId,
    id,
    heldFrom,
  );
}

function* insertBatches({
  notification,
  batches,
  delayMs,
  heldFrom = Number.POSITIVE_INFINITY,
}: WrittenAcceptRequest): Steps<void> {
  const claimableAt = (yield* leaseClock()) + delayMs;
  const size = sizeOf(notification.total);
  const own = queueKey({ ...notification, size });
  const { botId, id } = notification;
  const rows = batches.map(({ batchNo, recipients, connectionId }) => {
    const at = batchNo < heldFrom ? claimableAt : claimableAt + PARKED_MS;
    const queue = connectionId === undefined ? own : queueKey({ ...notification, size, connectionId });
    return [botId, id, batchNo, queue, at, 0, 0, recipients];
  });
  yield* insertMany(BATCHES, rows);
}

export function* findNotification(key: NotificationKey): Steps<NotificationStatus | null> {
  const [row] = yield* query(
    // By name, here and everywhere: PostgreSQL refuses a prepared `*` for good once a newer Beckon has added a column.
    `SELECT ${SUMMARY}, message FROM notifications WHERE bot_id = $1 AND id = $2`,
    key.botId,
    key.notificationId,
  );
  return row === undefined ? null : notificationStatus(row);
}

interface Asked {
  readonly notifications: readonly NotificationKey[];
}

export function* findNotifications(asked: Asked): Steps<NotificationStatus[]> {
  return (yield* findMany(`${SUMMARY}, message`, asked)).map(notificationStatus);
}

export function* findSummaries(asked: Asked): Steps<NotificationSummary[]> {
  return (yield* findMany(SUMMARY, asked)).map(notificationSummary);
}

function* findMany(columns: string, { notifications }: Asked): Steps<readonly Row[]> {
  if (notifications.length === 0) return [];
  return yield* query(
    `SELECT ${columns} FROM notifications WHERE (bot_id, id) IN (
       SELECT asked.bot_id, asked.id FROM {rows asked(bot_id text, id text) $1}
     )`,
    notifications.map(({ botId, notificationId }) => ({ bot_id: botId, id: notificationId })),
  );
}

const notificationStatus = (row: Row): NotificationStatus => ({
  ...notificationSummary(row),
  message: decodeContent(text(row, 'message')),
});

export const SUMMARY = `bot_id, id, api, app_id, created_by, channel, channel_spelling, connection_id, resolve, lane, total,
  created_at, expires_at, extended_at, updated_at, finished_at, cancelled_at, paused_at, paused_reason, pending, delivered,
  failed, suppressed, expired, cancelled, unknown, options, ledger_removed_at`;

/** The newest of each channel and state, which the index gives in order, and of these the newest of all. */
export function* listNotifications(page: NotificationPage): Steps<NotificationSummary[]> {
  const { botId, channels, finished, after, limit } = page;
  const states = finished === null ? [0, 1] : [finished ? 1 : 0];
  const newest = channels.flatMap((_, index) => states.map((state) => newestOf(`$${index + 5}`, state)));
  if (newest.length === 0) return [];
  const places = yield* query(
    `SELECT id FROM (${newest.join(' UNION ALL ')}) AS newest ORDER BY created_at DESC, id DESC LIMIT $4`,
    botId,
    after?.createdAt ?? Number.MAX_SAFE_INTEGER,
    after?.id ?? '',
    limit,
    ...channels,
  );
  // By itself: in one statement PostgreSQL would go through all of a bot's for as long as it takes the table for small.
  const rows = yield* query(
    `SELECT ${SUMMARY} FROM notifications WHERE bot_id = $1 AND id {any:text $2} ORDER BY created_at DESC, id DESC`,
    botId,
    places.map((row) => text(row, 'id')),
  );
  return rows.map(notificationSummary);
}

const newestOf = (channel: string, state: number): string =>
  `SELECT created_at, id FROM (
     SELECT created_at, id FROM notifications
     WHERE bot_id = $1 AND channel = ${channel} AND (CASE WHEN finished_at IS NULL THEN 0 ELSE 1 END) = ${state}
       AND (created_at, id) < ($2, $3)
     ORDER BY created_at DESC, id DESC LIMIT $4) AS newest`;

export function* listLogs(
  request: NotificationKey & { readonly afterSeq: number; readonly limit: number },
): Steps<Log[]> {
  const rows = yield* query(
    `SELECT seq, state, reason, detail, identity, person_id, channel_id, provider_message_id, attempts, maybe_doubled, at
     FROM logs WHERE bot_id = $1 AND notification_id = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
    request.botId,
    request.notificationId,
    request.afterSeq,
    request.limit,
  );
  return rows.map(logOf);
}

// State, reason and message were typed when they were written; the database is ours alone.
export const logOf = (row: Row): Log => ({
  seq: int(row, 'seq'),
  identity: text(row, 'identity'),
  state: text(row, 'state') as FinalState,
  reason: textOrNull(row, 'reason') as Reason | null,
  detail: textOrNull(row, 'detail'),
  personId: textOrNull(row, 'person_id'),
  channelId: textOrNull(row, 'channel_id'),
  providerMessageId: textOrNull(row, 'provider_message_id'),
  attempts: int(row, 'attempts'),
  maybeDoubled: int(row, 'maybe_doubled') === 1,
  at: int(row, 'at'),
});

export function notificationSummary(row: Row): NotificationSummary {
  const options = optionsOf(row);
  const finishedAt = intOrNull(row, 'finished_at');
  const ledgerRemovedAt = intOrNull(row, 'ledger_removed_at');
  return {
    botId: text(row, 'bot_id'),
    id: text(row, 'id'),
    api: text(row, 'api') as Api,
    appId: text(row, 'app_id'),
    createdBy: text(row, 'created_by'),
    channel: text(row, 'channel'),
    channelSpelling: text(row, 'channel_spelling'),
    connectionId: text(row, 'connection_id'),
    resolve: int(row, 'resolve') === 1,
    lane: LANES[int(row, 'lane')] ?? 'normal',
    total: int(row, 'total'),
    createdAt: int(row, 'created_at'),
    expiresAt: int(row, 'expires_at'),
    isExtended: intOrNull(row, 'extended_at') !== null,
    updatedAt: int(row, 'updated_at'),
    finishedAt,
    cancelledAt: intOrNull(row, 'cancelled_at'),
    // Whoever was in flight may have been the last of a paused one.
    pausedAt: finishedAt === null ? intOrNull(row, 'paused_at') : null,
    pausedReason: finishedAt === null ? pauseReason(row) : null,
    counts: countsOf(row),
    ...(options !== undefined && { options }),
    ...(ledgerRemovedAt !== null && { ledgerRemovedAt }),
  };
}

export const channelsOf = (row: Row): Channels => ({
  channel: text(row, 'channel'),
  connectionId: text(row, 'connection_id'),
  options: optionsOf(row),
});

// Typed when it was written.
export function optionsOf(row: Row): Options | undefined {
  const options = textOrNull(row, 'options');
  return options === null ? undefined : (JSON.parse(options) as Options);
}

export const countsOf = (row: Row): Counts => ({
  total: int(row, 'total'),
  pending: int(row, 'pending'),
  delivered: int(row, 'delivered'),
  failed: int(row, 'failed'),
  suppressed: int(row, 'suppressed'),
  expired: int(row, 'expired'),
  cancelled: int(row, 'cancelled'),
  unknown: int(row, 'unknown'),
});
