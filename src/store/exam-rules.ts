import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allDelivered, claim, claimAll, keyOf, LOG_TIME, queueOf, record, sample } from './exam-samples.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { RuledNotification } from './port/interventions.ts';
import type { NotificationKey } from './port/notifications.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about notifications that were sent by rules. */
export function examineRules(store: () => Store): void {
  describe('rules', () => {
    const at = LOG_TIME + 99;
    const canary = { recipients: 130, maxFailureShare: 0.1, next: 'continue' } as const;
    const pauseWhen = { failureShare: 0.5, after: 10 };
    const accept = async (options: NonNullable<AcceptRequest['notification']['options']>, recipients = 400) => {
      const request = sample({ recipients });
      const asked = { ...request, notification: { ...request.notification, options } };
      await store().accept(asked);
      return asked;
    };
    const settle = async () => {
      while ((await store().settlePauses({ at, limit: 3 })) > 0);
    };
    const find = async (request: AcceptRequest) => {
      for (let after: NotificationKey | null = null; ; ) {
        const page: RuledNotification[] = await store().listRuled({ after, limit: 2 });
        assert.ok(page.length <= 2);
        const found = page.find(({ notification }) => notification.id === request.notification.id);
        const last = page.at(-1)?.notification;
        if (found !== undefined || last === undefined) return found ?? null;
        after = { botId: last.botId, notificationId: last.id };
      }
    };
    const claimed = async (request: AcceptRequest) =>
      (await claimAll(store(), queueOf(request))).map(({ batchNo, recipients }) => [batchNo, recipients.length]);
    const conclude = (request: AcceptRequest, pauses: boolean) =>
      store().concludeCanary({ ...keyOf(request), at, pauses });

    it('are kept in mind until they have done what they do', async () => {
      const ruled = await accept({ pauseWhen });
      const plain = await accept({});
      assert.partialDeepStrictEqual(await find(ruled), { notification: { options: { pauseWhen } }, heldFrom: null });
      assert.equal(await find(plain), null);
      await store().endRules(keyOf(ruled));
      assert.equal(await find(ruled), null);
    });

    it('let exactly the first go ahead, and the others when they were judged', async () => {
      const request = await accept({ canary });
      assert.equal((await find(request))?.heldFrom, 130);
      const first = await claimAll(store(), queueOf(request));
      assert.deepEqual(
        first.map(({ batchNo, recipients }) => [batchNo, recipients.length]),
        [
          [0, 100],
          [100, 30],
        ],
      );
      await record(store(), first.map(allDelivered));
      await settle();
      assert.deepEqual(await claimed(request), []);
      assert.equal(await conclude(request, false), true);
      assert.equal(await conclude(request, true), false);
      await settle();
      assert.deepEqual(await claimed(request), [
        [130, 100],
        [230, 100],
        [330, 70],
      ]);
      assert.equal((await store().findNotification(keyOf(request)))?.pausedAt, null);
    });

    it('hold the others through a pause and a resume', async () => {
      const request = await accept({ canary });
      await store().pause({ ...keyOf(request), at, reason: 'caller' });
      await settle();
      assert.deepEqual(await claimed(request), []);
      await store().resume(keyOf(request));
      await settle();
      assert.deepEqual(await claimed(request), [
        [0, 100],
        [100, 30],
      ]);
    });

    it('pause with the verdict, so that nobody is let go in between, and a resume lets all go', async () => {
      const request = await accept({ canary });
      assert.equal(await conclude(request, true), true);
      await settle();
      const found = await store().findNotification(keyOf(request));
      assert.deepEqual([found?.pausedAt, found?.pausedReason], [at, 'canary']);
      assert.deepEqual(await claimed(request), []);
      await store().resume(keyOf(request));
      await settle();
      assert.deepEqual((await claimed(request)).length, 5);
    });

    it('keep the reason of whoever paused before', async () => {
      const request = await accept({ canary });
      await store().pause({ ...keyOf(request), at, reason: 'caller' });
      assert.equal(await conclude(request, true), true);
      assert.equal((await store().findNotification(keyOf(request)))?.pausedReason, 'caller');
    });

    it('end with a cancel, which holds for those who wait as well', async () => {
      const request = await accept({ canary });
      const [held] = await claim(store(), queueOf(request));
      assert.ok(held);
      await record(store(), [allDelivered(held)]);
      await store().cancel({ ...keyOf(request), at });
      assert.equal(await conclude(request, false), false);
      while ((await store().endCancelled({ at, limit: 100 })) > 0);
      const counts = (await store().findNotification(keyOf(request)))?.counts;
      assert.deepEqual([counts?.pending, counts?.cancelled], [0, 300]);
    });
  });
}
