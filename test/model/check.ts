import assert from 'node:assert/strict';
import type { Client } from '../../src/client/client.ts';
import type { Notification, NotificationPage } from '../../src/client/notification-documents.ts';
import type { LedgerRecipient } from '../../src/client/recipient-documents.ts';
import { type Delivered, type Expected, type ExpectedNotification, isFinished, isPending } from './expected.ts';
import type { Taken } from './post-office.ts';
import type { World } from './world.ts';

/** Holds all that a bot's caller can see, and what its providers have, against what is expected. */
export async function check(world: World, botId: string, expected: Expected, delivered: Delivered): Promise<void> {
  const ofNotifications = expected.notifications.map((one) => checkOne(world, botId, one));
  await world.during(Promise.all([...ofNotifications, checkList(world.client, botId, expected)]));
  checkOffice(world, botId, delivered);
}

async function checkOne({ client, now }: World, botId: string, notification: ExpectedNotification): Promise<void> {
  const key = { botId, notificationId: notification.id };
  checkWhole(await client.notification(key), notification, now());
  if (notification.isReceiving) return;
  checkRecipients(await Array.fromAsync(client.recipients(key)), notification);
}

function checkWhole(seen: Notification, notification: ExpectedNotification, now: number): void {
  const { recipients } = notification;
  const { total, pending, ...ended } = seen.counts;
  const count = (state: string) => recipients.filter((recipient) => recipient.state === state).length;
  assert.deepEqual([total, pending], [recipients.length, count('pending')], `total and pending of ${seen.id}`);
  assert.deepEqual(ended, Object.fromEntries(Object.keys(ended).map((state) => [state, count(state)])));
  assert.equal(seen.state, stateOf(notification, now));
  assert.equal(seen.finishedAt !== null, isFinished(notification), 'whether it is finished');
  assert.equal(seen.pausedAt !== null, seen.state === 'paused', 'whether it is paused');
  if (!notification.isReceiving) assert.equal(Date.parse(seen.expiresAt), notification.expiresAt, 'its deadline');
  const reasons = recipients.flatMap(({ state, reason }) => (state === 'pending' ? [] : (reason ?? [])));
  const counted = Object.entries(Object.groupBy(reasons, (reason) => reason)).map(([reason, all]) => [
    reason,
    all?.length,
  ]);
  assert.deepEqual(seen.reasons, Object.fromEntries(counted));
}

function stateOf(notification: ExpectedNotification, now: number): Notification['state'] {
  const { isReceiving, isCancelled, isPaused, startsAt } = notification;
  if (isReceiving) return 'receiving';
  if (isCancelled) return 'cancelled';
  if (isFinished(notification)) return 'finished';
  if (isPaused) return 'paused';
  return now < startsAt ? 'scheduled' : 'sending';
}

function checkRecipients(seen: readonly LedgerRecipient[], { recipients, hops }: ExpectedNotification): void {
  const wanted = recipients.flatMap(({ identity, state, reason, step }, seq) =>
    state === 'pending' ? [] : [{ seq, identity, state, reason, channel: hops[step]?.channel }],
  );
  assert.deepEqual(
    seen.map(({ seq, identity, state, reason, channel }) => ({ seq, identity, state, reason, channel })),
    wanted,
  );
  for (const { hint, reason } of seen) assert.equal(hint === null, reason === null, 'every reason has a hint');
}

async function checkList(client: Client, botId: string, { notifications }: Expected): Promise<void> {
  const ids = notifications.filter(({ isReceiving }) => !isReceiving).map(({ id }) => id);
  const seen: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: NotificationPage = await client.notifications.list({ botId, limit: 2, ...(cursor && { cursor }) });
    seen.push(...page.notifications.map(({ id }) => id));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  assert.deepEqual(seen.toSorted(), ids.toSorted(), 'what is listed');
  const open = await client.notifications.list({ botId, finished: false, limit: 500 });
  assert.deepEqual(
    open.notifications.map(({ id }) => id).toSorted(),
    notifications
      .filter((one) => !one.isReceiving && one.recipients.some(isPending))
      .map(({ id }) => id)
      .toSorted(),
    'what is listed as unfinished',
  );
}

/** Nobody has anything twice, or that was never meant for them, and everybody has what is called delivered. */
function checkOffice({ office }: World, botId: string, { taken, removed }: Delivered): void {
  const seen = office.taken.filter((one) => one.botId === botId).map(nameTaken);
  assert.deepEqual(seen.toSorted(), taken.toSorted(), 'what the providers have');
  assert.deepEqual([...office.removed].toSorted(), [...removed].toSorted(), 'what was taken back');
}

const nameTaken = ({ notificationId, seq, text }: Taken): string => `${notificationId}/${seq} ${text}`;
