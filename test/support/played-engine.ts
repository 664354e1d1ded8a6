import assert from 'node:assert/strict';
import { sizeOf } from '../../src/model/lane.ts';
import type { Log } from '../../src/model/notification.ts';
import type { ClaimedBatch } from '../../src/store/port/work.ts';
import type { Store } from '../../src/store/port.ts';
import { BOT } from './http-rig.ts';

/** What an engine would do, for tests of what callers see of it. */
export async function claim(store: Store, id: string): Promise<ClaimedBatch> {
  const notification = await store.findNotification({ botId: BOT, notificationId: id });
  assert.ok(notification !== null);
  const queue = { ...notification, size: sizeOf(notification.total) };
  const batches = await store.claimDue({ queue, owner: 'test', leaseMs: 60_000, limit: 1000 });
  const batch = batches.find((claimed) => claimed.notificationId === id);
  assert.ok(batch !== undefined);
  return batch;
}

/** Claims a batch of the notification and writes these logs. */
export async function finish(store: Store, id: string, logs: readonly Log[]): Promise<void> {
  const batch = await claim(store, id);
  await store.checkpoint({ batches: [{ batch, logs, remainder: [] }], again: false });
}

export function finalLog(seq: number, identity: string, fields: Partial<Log>): Log {
  const none = { reason: null, detail: null, personId: null, channelId: null, providerMessageId: null };
  return { seq, identity, state: 'delivered', ...none, attempts: 1, maybeDoubled: false, at: Date.now(), ...fields };
}
