import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claim, EXPIRED, held, keyOf, LOG_TIME, logOf, queueOf, record, sample } from './exam-samples.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { RescheduleRequest } from './port/interventions.ts';
import type { Store } from './port.ts';

const HOUR_MS = 3_600_000;

/** The part of the exam that is about notifications that are given another time. */
export function examineReschedule(store: () => Store): void {
  describe('reschedule', () => {
    const at = LOG_TIME + 99;
    const move = (request: AcceptRequest, delayMs: number, more: Partial<RescheduleRequest> = {}) =>
      store().reschedule({
        ...keyOf(request),
        at,
        options: { sendAt: at + delayMs },
        lane: request.notification.lane,
        expiresAt: at + delayMs + HOUR_MS,
        delayMs,
        ...more,
      });
    const settle = async () => {
      while ((await store().settlePauses({ at, limit: 2 })) > 0);
    };
    const claimed = async (request: AcceptRequest, lane = request.notification.lane) =>
      (await claim(store(), { ...queueOf(request), lane }, { limit: 100 })).flatMap(({ recipients }) => recipients)
        .length;

    it('moves what waits to its new time and lane, earlier and later', async () => {
      const request = sample({ recipients: 450, lane: 'bulk', delayMs: HOUR_MS });
      await store().accept(request);
      await settle();
      assert.equal(await claimed(request), 0);
      assert.equal(await move(request, EXPIRED, { lane: 'normal' }), 'rescheduled');
      const found = await store().findNotification(keyOf(request));
      assert.deepEqual(
        [found?.lane, found?.expiresAt, found?.options],
        ['normal', at + EXPIRED + HOUR_MS, { sendAt: at + EXPIRED }],
      );
      await settle();
      assert.equal(await move(request, HOUR_MS, { lane: 'urgent' }), 'rescheduled');
      await settle();
      assert.equal(await claimed(request, 'normal'), 0);
      assert.equal(await claimed(request, 'urgent'), 0);
      await move(request, EXPIRED, { lane: 'urgent' });
      await settle();
      assert.equal(await claimed(request, 'urgent'), 450);
    });

    it('lets what is paused stand still, and go on at the new time', async () => {
      const request = sample({ recipients: 250, delayMs: HOUR_MS });
      await store().accept(request);
      await store().pause({ ...keyOf(request), at, reason: 'caller' });
      await settle();
      await move(request, EXPIRED);
      await settle();
      assert.equal(await claimed(request), 0);
      await store().resume(keyOf(request));
      await settle();
      assert.equal(await claimed(request), 250);
    });

    it('leaves the followers of a canary parked until it was judged', async () => {
      const canary = { recipients: 10, maxFailureShare: 0, next: 'continue' } as const;
      const request = sample({ recipients: 150, delayMs: HOUR_MS });
      const options = { canary };
      await store().accept({ ...request, notification: { ...request.notification, options } });
      await move(request, EXPIRED, { options });
      await settle();
      assert.equal(await claimed(request), 10);
    });

    it('changes nothing once somebody has taken any of it up, or it is over', async () => {
      const request = sample({ recipients: 150 });
      await store().accept(request);
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      const before = await store().findNotification(keyOf(request));
      assert.equal(await move(request, HOUR_MS), 'begun');
      await record(store(), [
        { batch: held(batch), logs: [logOf(batch.recipients[0]?.seq ?? 0, 'delivered')], remainder: null },
      ]);
      assert.equal(await move(request, HOUR_MS), 'begun');
      assert.equal((await store().findNotification(keyOf(request)))?.expiresAt, before?.expiresAt);
      const cancelled = sample({ delayMs: HOUR_MS });
      await store().accept(cancelled);
      await store().cancel({ ...keyOf(cancelled), at });
      assert.equal(await move(cancelled, HOUR_MS), 'begun');
      assert.equal(await move(sample({}), HOUR_MS), 'begun');
    });
  });
}
