import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import { claim, claimAll, EXPIRED, held, logOf, queueOf, record, sample } from './exam-samples.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about queues, claims and leases. */
export function examineClaim(store: () => Store): void {
  describe('claim', () => {
    it('lists a queue only while something is in it, and says when it is due', async () => {
      const request = sample({ delayMs: 60_000 });
      await store().accept(request);
      const state = (await store().listQueues({ after: null, limit: 1_000 })).find(
        ({ queue }) => queue.botId === request.notification.botId,
      );
      assert.deepEqual(state?.queue, queueOf(request));
      assert.ok(state && state.dueInMs > 50_000 && state.dueInMs <= 60_000);
      assert.deepEqual(await claimAll(store(), queueOf(request)), []);
    });

    it('goes on after the queue it was given, lanes in their order', async () => {
      const botId = randomId('st');
      for (const lane of ['bulk', 'urgent', 'normal'] as const) await store().accept(sample({ botId, lane }));
      const queues = (await store().listQueues({ after: null, limit: 1_000 })).map(({ queue }) => queue);
      const mine = queues.filter((queue) => queue.botId === botId);
      assert.deepEqual(
        mine.map((queue) => queue.lane),
        ['urgent', 'normal', 'bulk'],
      );
      const [first = null] = mine;
      const rest = await store().listQueues({ after: first, limit: 1_000 });
      assert.deepEqual(
        rest.map(({ queue }) => queue).filter((queue) => queue.botId === botId),
        mine.slice(1),
      );
      assert.equal((await store().listQueues({ after: null, limit: 1 })).length, 1);
    });

    it('keeps small notifications in a queue apart from large ones, what comes back of them too', async () => {
      const botId = randomId('st');
      const [large, small] = [sample({ botId, recipients: 101 }), sample({ botId, recipients: 100 })];
      for (const request of [large, small]) await store().accept(request);
      const all = (await store().listQueues({ after: null, limit: 1_000 })).map(({ queue }) => queue);
      const mine = all.filter((queue) => queue.botId === botId);
      assert.deepEqual(mine, [queueOf(large), queueOf(small)]);
      const [batch] = await claimAll(store(), queueOf(small));
      assert.equal(batch?.notificationId, small.notification.id);
      assert.equal((await claimAll(store(), queueOf(large))).length, 2);
      const recipients = batch.recipients.slice(7);
      const logs = batch.recipients.slice(0, 7).map(({ seq }) => logOf(seq, 'delivered'));
      await record(store(), [{ batch, logs, remainder: [{ recipients, delayMs: 0 }] }]);
      const [rest] = await claimAll(store(), queueOf(small));
      assert.deepEqual([rest?.notificationId, rest?.recipients.length], [small.notification.id, 93]);
    });

    it('hands a batch to one owner at a time', async () => {
      const request = sample({ recipients: 1_000 });
      await store().accept(request);
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, worker) => claim(store(), queueOf(request), { owner: `w${worker}`, limit: 2 })),
      );
      const numbers = claims.flat().map((batch) => batch.batchNo);
      assert.equal(new Set(numbers).size, numbers.length);
      assert.equal(numbers.length, 10);
    });

    it('raises the fence with each claim and counts owners that never finished', async () => {
      const request = sample({});
      await store().accept(request);
      const [first] = await claim(store(), queueOf(request), { leaseMs: EXPIRED });
      const [second] = await claim(store(), queueOf(request), { owner: 'other', leaseMs: EXPIRED });
      const [third] = await claim(store(), queueOf(request));
      assert.deepEqual([first?.token, second?.token, third?.token], [1, 2, 3]);
      assert.deepEqual([first?.takeovers, second?.takeovers, third?.takeovers], [0, 1, 2]);
      assert.deepEqual(await claimAll(store(), queueOf(request)), []);
    });

    it('leaves alone what as many owners died with as it is told, the last one counted', async () => {
      const request = sample({ recipients: 1 });
      await store().accept(request);
      const claim = (takeoversBelow?: number) =>
        store().claimDue({
          queue: queueOf(request),
          owner: 'me',
          leaseMs: -1,
          limit: 10,
          ...(takeoversBelow === undefined ? {} : { takeoversBelow }),
        });
      assert.equal((await claim(1)).length, 1);
      assert.equal((await claim(1)).length, 0);
      assert.deepEqual(
        (await claim(2)).map(({ takeovers }) => takeovers),
        [1],
      );
      assert.equal((await claim(2)).length, 0);
      assert.deepEqual(
        (await claim()).map(({ takeovers }) => takeovers),
        [2],
      );
    });

    it('extends the leases that still hold, and only those', async () => {
      const request = sample({ recipients: 200 });
      await store().accept(request);
      const [kept, lost] = await claim(store(), queueOf(request), { leaseMs: EXPIRED, limit: 2 });
      assert.ok(kept && lost);
      const stale = { ...held(lost), token: lost.token - 1 };
      assert.deepEqual(await store().extendLeases({ held: [held(kept), stale], leaseMs: 60_000 }), [held(kept)]);
      assert.deepEqual(
        (await claimAll(store(), queueOf(request))).map((batch) => batch.batchNo),
        [lost.batchNo],
      );
    });

    it('voids every lease for a process that knows it is alone', async () => {
      const request = sample({});
      await store().accept(request);
      await claim(store(), queueOf(request));
      assert.ok((await store().voidLeases()) >= 1);
      const [batch] = await claimAll(store(), queueOf(request));
      assert.equal(batch?.takeovers, 1);
    });
  });
}
