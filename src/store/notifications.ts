import { isJsonObject, type Json } from '../model/json.ts';
import { sizeOf } from '../model/lane.ts';
import type { Content } from '../model/message.ts';
import {
  type Api,
  type Counts,
  type FinalState,
  LANES,
  type Log,
  type Notification,
  type NotificationStatus,
} from '../model/notification.ts';
import type { Reason } from '../model/reasons.ts';
import { BATCHES, leaseClock, queueKey } from './batches.ts';
import type { AcceptResult, NotificationKey, WrittenAcceptRequest } from './port.ts';
import { keepReply } from './replies.ts';
import { execute, insertMany, int, intOrNull, query, type Row, type Steps, text, textOrNull } from './steps.ts';

export function* accept(request: WrittenAcceptRequest): Steps<AcceptResult> {
  if (request.idempotency !== null) {
    const earlier = yield* keepReply(request.idempotency);
    if (earlier !== null) return { kind: 'replay', reply: earlier };
  }
  yield* insertNotification(request.notification);
  yield* insertBatches(request);
  return { kind: 'accepted' };
}

function* insertNotification(notification: Notification): Steps<void> {
  yield* execute(
    `INSERT INTO notifications (bot_id, id, api, app_id, created_by, channel, channel_spelling, connection_id, resolve,
       lane, message, total, pending, created_at, updated_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $13, $14)`,
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
    JSON.stringify(notification.message),
    notification.total,
    notification.createdAt,
    notification.expiresAt,
  );
}

function* insertBatches({ notification, batches, delayMs }: WrittenAcceptRequest): Steps<void> {
  const claimableAt = (yield* leaseClock()) + delayMs;
  const queue = queueKey({ ...notification, size: sizeOf(notification.total) });
  const { botId, id } = notification;
  const rows = batches.map(({ batchNo, recipients }) => [botId, id, batchNo, queue, claimableAt, 0, 0, recipients]);
  yield* insertMany(BATCHES, rows);
}

export function* findNotification(key: NotificationKey): Steps<NotificationStatus | null> {
  const [row] = yield* query(
    // By name, here and everywhere: PostgreSQL refuses a prepared `*` for good once a newer Beckon has added a column.
    `SELECT bot_id, id, api, app_id, created_by, channel, channel_spelling, connection_id, resolve, lane, message, total,
       created_at, expires_at, updated_at, finished_at, cancelled_at, pending, delivered, failed, suppressed, expired,
       cancelled, unknown
     FROM notifications WHERE bot_id = $1 AND id = $2`,
    key.botId,
    key.notificationId,
  );
  return row === undefined ? null : notificationStatus(row);
}

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

function notificationStatus(row: Row): NotificationStatus {
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
    message: parseMessage(text(row, 'message')),
    total: int(row, 'total'),
    createdAt: int(row, 'created_at'),
    expiresAt: int(row, 'expires_at'),
    updatedAt: int(row, 'updated_at'),
    finishedAt: intOrNull(row, 'finished_at'),
    cancelledAt: intOrNull(row, 'cancelled_at'),
    counts: countsOf(row),
  };
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

function parseMessage(value: string): Content {
  const stored: Json = JSON.parse(value);
  if (isJsonObject(stored)) {
    if (stored['type'] === 'text' && typeof stored['text'] === 'string') return { type: 'text', text: stored['text'] };
    if (stored['type'] === 'native' && isJsonObject(stored['payload'])) {
      return { type: 'native', payload: stored['payload'] };
    }
    if (stored['type'] === 'script' && typeof stored['source'] === 'string') {
      return { type: 'script', source: stored['source'] };
    }
  }
  throw new TypeError('a stored message has an unknown shape');
}
