import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import type { Log } from '../model/notification.ts';
import {
  acceptAndClaim,
  claimAll,
  countsOf,
  held,
  keyOf,
  LOG_TIME,
  logOf,
  queueOf,
  recipientOf,
  record,
  sample,
} from './exam-samples.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { Store } from './port.ts';

const DAY_MS = 86_400_000;

/** The part of the exam that is about what is kept no longer. */
export function examineRetention(store: () => Store): void {
  describe('retention', () => {
    const ages = { recipientsMs: 10 * DAY_MS, notificationsMs: 30 * DAY_MS, callbacksMs: 20 * DAY_MS };
    async function enforce(botId: string, days: number, more: { readonly limit?: number; ages?: object } = {}) {
      const { limit = 1_000 } = more;
      const request = { botId, ages: { ...ages, ...more.ages }, at: LOG_TIME + days * DAY_MS, limit };
      const steps: number[] = [];
      for (;;) {
        const rows = await store().enforceRetention(request);
        if (rows === 0) return steps;
        steps.push(rows);
      }
    }
    async function end(request: AcceptRequest, logs: readonly Log[], kept = [recipientOf(1)]) {
      const batch = await acceptAndClaim(store(), request);
      await record(store(), [{ batch: held(batch), logs, remainder: [], kept }]);
    }
    const logsOf = (request: AcceptRequest) => store().listLogs({ ...keyOf(request), afterSeq: -1, limit: 1_000 });
    const mixed = () => [
      logOf(0, 'delivered'),
      logOf(1, 'failed'),
      { ...logOf(2, 'expired'), reason: 'expired' } as Log,
    ];

    it('removes the lines of what ended long ago, and keeps what it says of itself', async () => {
      const botId = randomId('st');
      const [old, young, waiting] = [3, 1, 1].map((recipients) => sample({ botId, recipients }));
      assert.ok(old && young && waiting);
      await end(old, mixed());
      await end(young, [{ ...logOf(0, 'failed'), at: LOG_TIME + 5 * DAY_MS }], []);
      await store().accept(waiting);
      const tell = (request: AcceptRequest) =>
        store().recordReceipts({
          botId,
          connectionId: request.notification.connectionId,
          receipts: [
            { seq: 0, state: 'read', at: 7, reason: null, detail: null, notificationId: request.notification.id },
          ],
        });
      await tell(old);
      const before = await store().findNotification(keyOf(old));
      const told = await store().tallyReasons(keyOf(old));

      assert.deepEqual(await enforce(botId, 9), []);
      assert.equal((await store().findNotification(keyOf(old)))?.ledgerRemovedAt, undefined);
      assert.notDeepEqual(await enforce(botId, 11), []);
      const after = await store().findNotification(keyOf(old));
      assert.equal(after?.ledgerRemovedAt, LOG_TIME + 11 * DAY_MS);
      assert.ok((after?.updatedAt ?? 0) > (before?.updatedAt ?? 0));
      assert.deepEqual(await logsOf(old), []);
      assert.deepEqual(await store().tallyReasons(keyOf(old)), told);
      assert.deepEqual(told?.reasons, { expired: 1, provider_error: 1 });
      assert.equal((await store().countReceipts(keyOf(old))).read, 1);
      assert.deepEqual(await store().listReceipts({ ...keyOf(old), fromSeq: 0, toSeq: 9 }), []);
      assert.equal(await tell(old), 0, 'what comes later finds nobody');
      const again = { at: LOG_TIME, states: ['failed' as const], reasons: null, expiresAt: null, idempotency: null };
      assert.deepEqual(await store().retry({ ...keyOf(old), ...again }), { kind: 'removed' });

      assert.equal((await logsOf(young)).length, 1);
      assert.notDeepEqual(await enforce(botId, 16), [], 'what had ended later is not passed over');
      assert.deepEqual(await logsOf(young), []);
      assert.notDeepEqual(await enforce(botId, 31), []);
      assert.equal(await store().findNotification(keyOf(old)), null);
      assert.equal((await store().findNotification(keyOf(young)))?.counts.failed, 1);
      assert.equal((await countsOf(store(), waiting))?.pending, 1, 'what has no end is not too old');
      assert.deepEqual(await enforce(botId, 31), []);
    });

    it('goes in steps through what is large, and finds what ended after its time had come', async () => {
      const botId = randomId('st');
      const large = sample({ botId, recipients: 70 });
      const late = sample({ botId, lane: 'bulk' });
      await store().accept(late);
      await end(
        large,
        Array.from({ length: 70 }, (_, seq) => logOf(seq, seq % 2 === 0 ? 'failed' : 'delivered')),
        [],
      );
      const steps = await enforce(botId, 12, { limit: 20 });
      assert.deepEqual(steps, [20, 20, 20, 10]);
      assert.deepEqual((await store().tallyReasons(keyOf(large)))?.reasons, { provider_error: 35 });
      const [batch] = await claimAll(store(), queueOf(late));
      assert.ok(batch);
      await record(store(), [
        { batch: held(batch), logs: [{ ...logOf(0, 'failed'), at: LOG_TIME + DAY_MS }], remainder: [] },
      ]);
      assert.notDeepEqual(await enforce(botId, 12), []);
      assert.deepEqual(await logsOf(late), []);
    });

    it('removes callbacks that were settled, and keeps what is to be told', async () => {
      const botId = randomId('st');
      const request = sample({ botId });
      await end(request, [logOf(0, 'delivered')], []);
      const callback = {
        ...keyOf(request),
        event: 'started',
        connectionId: 'dc-1',
        body: '{}',
        trace: null,
        at: LOG_TIME,
      } as const;
      const callbacks = [0, 1, 2].map((eventNo) => ({ ...callback, eventNo }));
      await store().addCallbacks({ callbacks, told: [], over: [] });
      const claimed = await store().claimCallbacks({ limit: 2, leaseMs: 60_000, busyBots: [] });
      const ours = claimed.filter((one) => one.botId === botId);
      for (const one of ours) await store().settleCallback({ callback: one, tries: [], next: 'delivered' });
      const only = { ages: { recipientsMs: null, notificationsMs: null }, limit: 2 };
      await enforce(botId, 19, only);
      assert.equal((await store().listCallbacks(keyOf(request))).length, 3);
      await enforce(botId, 21, only);
      const left = await store().listCallbacks(keyOf(request));
      assert.deepEqual(
        left.map(({ state }) => state),
        Array.from({ length: 3 - ours.length }, () => 'pending'),
      );
      assert.equal((await logsOf(request)).length, 1, 'they go by themselves');
      await store().claimCallbacks({ limit: 1_000, leaseMs: 60_000, busyBots: [] });
    });
  });
}
