import assert from 'node:assert/strict';
import { connectionId, derivedId, randomId } from '../model/ids.ts';
import { sizeOf } from '../model/lane.ts';
import type { Log, Notification, Recipient } from '../model/notification.ts';
import type { Person } from '../model/person.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { BatchProgress, ClaimedBatch, HeldBatch, Queue } from './port/work.ts';
import type { Store } from './port.ts';

/** What the parts of the exam put into a store, and the calls they make of it again and again. */

export const ZERO = {
  total: 0,
  pending: 0,
  delivered: 0,
  failed: 0,
  suppressed: 0,
  expired: 0,
  cancelled: 0,
  unknown: 0,
};
/** A lease or delay that is over before it began: how the exam lets time pass on the database's own clock. */
export const EXPIRED = -1_000;
export const LOG_TIME = 1_700_000_000_000;

export function sample(options: {
  readonly botId?: string;
  readonly recipients?: number;
  readonly lane?: Notification['lane'];
  readonly delayMs?: number;
  readonly idempotency?: AcceptRequest['idempotency'];
}): AcceptRequest {
  const botId = options.botId ?? randomId('st');
  const total = options.recipients ?? 1;
  return {
    notification: {
      botId,
      id: randomId('ds'),
      api: 'kore-v1',
      appId: 'cs-1',
      createdBy: randomId('u'),
      channel: 'msteams',
      channelSpelling: 'msteam',
      connectionId: connectionId(botId, 'msteams', null),
      resolve: true,
      lane: options.lane ?? 'normal',
      message: { type: 'text', text: 'Hello {name}' },
      total,
      createdAt: LOG_TIME,
      expiresAt: LOG_TIME + 86_400_000,
    },
    recipients: Array.from({ length: total }, (_, seq) => recipientOf(seq)),
    delayMs: options.delayMs ?? EXPIRED,
    idempotency: options.idempotency ?? null,
  };
}

export const recipientOf = (seq: number): Recipient => ({
  seq,
  identity: `p${seq}@abc.com`,
  customMessage: null,
  parameters: seq % 2 === 0 ? null : { name: `P${seq}` },
  attempts: 0,
  maybeSent: false,
});

export const replyFor = (key: string) => ({
  botId: derivedId('st', 'replies'),
  appId: 'cs-1',
  route: 'notify',
  key,
  fingerprint: 'f',
  status: 200,
  body: '{"a":1}',
  createdAt: LOG_TIME,
});

export function logOf(seq: number, state: Log['state']): Log {
  const delivered = state === 'delivered';
  return {
    seq,
    identity: `p${seq}@abc.com`,
    state,
    reason: delivered ? null : 'provider_error',
    detail: delivered ? null : "it said 'no'",
    personId: delivered ? derivedId('u', seq) : null,
    channelId: delivered ? `29:${seq}` : null,
    providerMessageId: delivered ? `m${seq}` : null,
    attempts: 1,
    maybeDoubled: seq % 2 === 1,
    at: LOG_TIME + seq,
  };
}

export function personOf(botId: string, email: string, more: Partial<Person>): Person {
  const id = derivedId('u', botId, email);
  return {
    botId,
    id,
    email,
    upn: null,
    phone: null,
    identities: ['emp-7'].map((prefix) => `${prefix}-${email}`),
    name: 'J',
    locale: 'en',
    timeZone: 'Asia/Kolkata',
    tags: ['a', 'b'],
    attributes: { dept: { floor: 3 } },
    addresses: [
      {
        connectionId: connectionId(botId, 'msteams', null),
        channel: 'msteams',
        connectionName: null,
        channelId: '29:john',
        reference: { conversationId: 'a:1' },
        source: 'import',
        at: 5,
      },
    ],
    ...more,
  };
}

export const keyOf = (request: AcceptRequest) => ({
  botId: request.notification.botId,
  notificationId: request.notification.id,
});

export const queueOf = ({ notification }: AcceptRequest): Queue => ({
  lane: notification.lane,
  botId: notification.botId,
  connectionId: notification.connectionId,
  size: sizeOf(notification.total),
});

export const held = ({ botId, notificationId, batchNo, token }: HeldBatch): HeldBatch => ({
  botId,
  notificationId,
  batchNo,
  token,
});

export async function claim(
  store: Store,
  queue: Queue,
  options: { owner?: string; leaseMs?: number; limit?: number } = {},
) {
  const { owner = 'me', leaseMs = 60_000, limit = 1 } = options;
  return inOrder(await store.claimDue({ queue, owner, leaseMs, limit }));
}

export const claimAll = (store: Store, queue: Queue) => claim(store, queue, { limit: 100 });

export const inOrder = (batches: readonly ClaimedBatch[]) => batches.toSorted((a, b) => a.batchNo - b.batchNo);

export async function acceptAndClaim(store: Store, request: AcceptRequest): Promise<ClaimedBatch> {
  await store.accept(request);
  const [batch] = await claimAll(store, queueOf(request));
  assert.ok(batch);
  return batch;
}

export const record = (store: Store, batches: readonly BatchProgress[]) => store.checkpoint({ batches, again: false });

export const allDelivered = (batch: ClaimedBatch): BatchProgress => ({
  batch: held(batch),
  logs: batch.recipients.map((recipient) => logOf(recipient.seq, 'delivered')),
  remainder: [],
});

export const countsOf = async (store: Store, request: AcceptRequest) =>
  (await store.findNotification(keyOf(request)))?.counts;
