import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acceptAndClaim,
  allDelivered,
  claim,
  claimAll,
  countsOf,
  EXPIRED,
  held,
  keyOf,
  LOG_TIME,
  logOf,
  queueOf,
  record,
  sample,
  ZERO,
} from './exam-samples.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about recording what happened, behind the fence. */
export function examineCheckpoint(store: () => Store): void {
  describe('checkpoint', () => {
    it('appends logs, moves the counters and keeps the batch until it ends', async () => {
      const request = sample({ recipients: 3 });
      const batch = await acceptAndClaim(store(), request);
      const logs = [logOf(0, 'delivered'), logOf(1, 'failed')];
      assert.deepEqual(await record(store(), [{ batch: held(batch), logs, remainder: null }]), { lost: [] });
      assert.deepEqual(await store().listLogs({ ...keyOf(request), afterSeq: -1, limit: 10 }), logs);
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 3, pending: 1, delivered: 1, failed: 1 });
      assert.deepEqual(await store().listLoggedSeqs({ batch, seqs: [0, 1, 2] }), [0, 1]);
      assert.deepEqual(await store().extendLeases({ held: [held(batch)], leaseMs: 1 }), [held(batch)]);
    });

    it('ends a notification with its last recipient', async () => {
      const request = sample({ recipients: 6 });
      const batch = await acceptAndClaim(store(), request);
      const states = ['delivered', 'failed', 'suppressed', 'expired', 'cancelled', 'unknown'] as const;
      const logs = states.map((state, seq) => logOf(seq, state));
      await record(store(), [{ batch: held(batch), logs, remainder: [] }]);
      const found = await store().findNotification(keyOf(request));
      assert.deepEqual(found?.counts, {
        total: 6,
        pending: 0,
        delivered: 1,
        failed: 1,
        suppressed: 1,
        expired: 1,
        cancelled: 1,
        unknown: 1,
      });
      assert.equal(found.finishedAt, LOG_TIME + 5);
      assert.equal(found.updatedAt, LOG_TIME + 5);
      assert.deepEqual(await claimAll(store(), queueOf(request)), []);
    });

    it('pages logs by seq', async () => {
      const request = sample({ recipients: 5 });
      const batch = await acceptAndClaim(store(), request);
      const logs = [0, 1, 2, 3, 4].map((seq) => logOf(seq, 'delivered'));
      await record(store(), [{ batch: held(batch), logs, remainder: [] }]);
      const page = await store().listLogs({ ...keyOf(request), afterSeq: 1, limit: 2 });
      assert.deepEqual(
        page.map((log) => log.seq),
        [2, 3],
      );
    });

    it('turns what remains into smaller batches that become due later, attempts kept', async () => {
      const request = sample({ recipients: 4 });
      const batch = await acceptAndClaim(store(), request);
      const again = batch.recipients.slice(0, 2).map((recipient) => ({ ...recipient, attempts: 3, maybeSent: true }));
      const later = batch.recipients.slice(2, 3);
      await record(store(), [
        {
          batch: held(batch),
          logs: [logOf(3, 'delivered')],
          remainder: [
            { recipients: again, delayMs: EXPIRED },
            { recipients: later, delayMs: 60_000 },
          ],
        },
      ]);
      const due = await claimAll(store(), queueOf(request));
      assert.deepEqual(
        due.map((part) => part.recipients),
        [again],
      );
      assert.deepEqual(
        due.map((part) => part.takeovers),
        [0],
      );
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 4, pending: 3, delivered: 1 });
    });

    it('lets a worker that lost its lease change nothing, without harming the others', async () => {
      const request = sample({ recipients: 200 });
      await store().accept(request);
      const [slow, other] = await claim(store(), queueOf(request), { leaseMs: EXPIRED, limit: 2 });
      assert.ok(slow && other);
      await store().extendLeases({ held: [held(other)], leaseMs: 60_000 });
      const [thief] = await claim(store(), queueOf(request), { owner: 'thief' });
      assert.equal(thief?.batchNo, slow.batchNo);
      const result = await record(store(), [
        { batch: held(slow), logs: [logOf(slow.batchNo, 'failed')], remainder: [] },
        { batch: held(other), logs: [logOf(other.batchNo, 'delivered')], remainder: null },
      ]);
      assert.deepEqual(result, { lost: [held(slow)] });
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 200, pending: 199, delivered: 1 });
      assert.deepEqual(await store().extendLeases({ held: [held(thief)], leaseMs: 1 }), [held(thief)]);
    });

    it('tells the old fence from the new one when a checkpoint has both', async () => {
      const request = sample({ recipients: 2 });
      await store().accept(request);
      const [old] = await claim(store(), queueOf(request), { leaseMs: EXPIRED });
      const [again] = await claim(store(), queueOf(request));
      assert.ok(old && again);
      const result = await record(store(), [
        { batch: held(old), logs: [logOf(0, 'failed')], remainder: null },
        { batch: held(again), logs: [logOf(1, 'delivered')], remainder: null },
      ]);
      assert.deepEqual(result, { lost: [held(old)] });
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 2, pending: 1, delivered: 1 });
    });

    it('refuses the old fence on a batch that came back under the same number', async () => {
      const request = sample({ recipients: 1 });
      const batch = await acceptAndClaim(store(), request);
      const progress = {
        batch: held(batch),
        logs: [],
        remainder: [{ recipients: batch.recipients, delayMs: EXPIRED }],
      };
      assert.deepEqual(await record(store(), [progress]), { lost: [] });
      assert.deepEqual(await record(store(), [progress]), { lost: [held(batch)] });
      const [back] = await claimAll(store(), queueOf(request));
      assert.ok(back && back.token > batch.token + 1);
      assert.deepEqual(await record(store(), [{ ...progress, logs: [logOf(0, 'failed')], remainder: [] }]), {
        lost: [held(batch)],
      });
    });

    it('records a checkpoint sent twice once', async () => {
      const request = sample({ recipients: 3 });
      const batch = await acceptAndClaim(store(), request);
      const progress = { batch: held(batch), logs: [logOf(0, 'delivered'), logOf(1, 'failed')], remainder: null };
      await record(store(), [progress]);
      const more = { ...progress, logs: [...progress.logs, logOf(2, 'delivered')] };
      await store().checkpoint({ batches: [more], again: true });
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 3, delivered: 2, failed: 1 });
      await assert.rejects(record(store(), [more]), 'without the word "again" a repeated log is refused');
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 3, delivered: 2, failed: 1 });
    });

    it('records a checkpoint sent twice once, where nobody came to an end', async () => {
      const request = sample({ recipients: 3 });
      const batch = await acceptAndClaim(store(), request);
      const remainder = [{ recipients: batch.recipients, delayMs: 0 }];
      const progress = { batch: held(batch), logs: [], remainder };
      assert.deepEqual(await store().checkpoint({ batches: [progress], again: true }), { lost: [] });
      assert.deepEqual(await store().checkpoint({ batches: [progress], again: true }), { lost: [held(batch)] });
      assert.equal((await claimAll(store(), queueOf(request))).length, 1);
    });

    it('survives many workers finishing the same notifications at once', async () => {
      const requests = [sample({ recipients: 400 }), sample({ recipients: 400 })];
      for (const request of requests) await store().accept(request);
      const claims = await Promise.all(
        requests.flatMap((request) => [0, 1, 2, 3].map(() => claim(store(), queueOf(request)))),
      );
      const pairs = [0, 1, 2, 3].map((index) => [...(claims[index] ?? []), ...(claims[7 - index] ?? [])]);
      await Promise.all(pairs.map((batches) => record(store(), batches.map(allDelivered))));
      for (const request of requests)
        assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 400, delivered: 400 });
    });
  });
}
