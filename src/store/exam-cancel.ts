import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import {
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
import type { AcceptRequest } from './port/acceptance.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about notifications nobody wants sent any more. */
export function examineCancel(store: () => Store): void {
  describe('cancel', () => {
    const at = LOG_TIME + 99;
    const cancel = (request: AcceptRequest) => store().cancel({ ...keyOf(request), at });
    const tally = (request: AcceptRequest) => store().tallyCancelled(keyOf(request));
    const logsOf = (request: AcceptRequest) => store().listLogs({ ...keyOf(request), afterSeq: -1, limit: 1_000 });
    const endAll = async () => {
      while ((await store().endCancelled({ at, limit: 3 })) > 0);
    };

    it('is one mark that the first call sets, and says where everybody is', async () => {
      const request = sample({ recipients: 250, delayMs: 60_000 });
      await store().accept(request);
      await cancel(request);
      await store().cancel({ ...keyOf(request), at: at + 1 });
      assert.deepEqual(await tally(request), { cancelledAt: at, cancelled: 250, inFlight: 0, alreadyFinal: 0 });
      assert.equal((await store().findNotification(keyOf(request)))?.cancelledAt, at);
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 250, pending: 250 });
    });

    it('counts whoever a worker holds as in flight until their end is recorded', async () => {
      const request = sample({ recipients: 300 });
      await store().accept(request);
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      await record(store(), [{ batch: held(batch), logs: [logOf(batch.batchNo, 'delivered')], remainder: null }]);
      await cancel(request);
      assert.deepEqual(await tally(request), { cancelledAt: at, cancelled: 200, inFlight: 99, alreadyFinal: 1 });
      const rest = batch.recipients.slice(1);
      const logs = rest.map(({ seq }) => logOf(seq, seq === batch.batchNo + 1 ? 'delivered' : 'cancelled'));
      await record(store(), [{ batch: held(batch), logs, remainder: [] }]);
      assert.deepEqual(await tally(request), { cancelledAt: at, cancelled: 298, inFlight: 0, alreadyFinal: 2 });
      await endAll();
      assert.deepEqual(await tally(request), { cancelledAt: at, cancelled: 298, inFlight: 0, alreadyFinal: 2 });
    });

    it('ends what waits, however long it would have waited, in steps, and nothing that a worker holds', async () => {
      const waiting = sample({ recipients: 450, delayMs: 3_600_000 });
      const inWork = sample({ recipients: 2 });
      const bystander = sample({ recipients: 2, delayMs: 3_600_000 });
      for (const request of [waiting, inWork, bystander]) await store().accept(request);
      const [batch] = await claimAll(store(), queueOf(inWork));
      assert.ok(batch);
      await cancel(waiting);
      await cancel(inWork);
      assert.equal(await store().endCancelled({ at, limit: 2 }), 2);
      await endAll();
      assert.deepEqual(await countsOf(store(), waiting), { ...ZERO, total: 450, cancelled: 450 });
      assert.equal((await store().findNotification(keyOf(waiting)))?.finishedAt, at);
      const [log] = await logsOf(waiting);
      const { state, reason, attempts, maybeDoubled } = log ?? {};
      assert.deepEqual([state, reason, attempts, maybeDoubled], ['cancelled', 'cancelled', 0, false]);
      assert.deepEqual(await countsOf(store(), inWork), { ...ZERO, total: 2, pending: 2 });
      assert.deepEqual(await countsOf(store(), bystander), { ...ZERO, total: 2, pending: 2 });
      assert.deepEqual(
        await record(store(), [{ batch: held(batch), logs: [logOf(0, 'delivered')], remainder: null }]),
        {
          lost: [],
        },
      );
    });

    it('ends what an owner died with as maybe sent, but for those who were logged, and refuses its late word', async () => {
      const request = sample({ recipients: 3 });
      await store().accept(request);
      const [batch] = await claim(store(), queueOf(request), { leaseMs: EXPIRED });
      assert.ok(batch);
      await record(store(), [{ batch: held(batch), logs: [logOf(1, 'delivered')], remainder: null }]);
      await cancel(request);
      await endAll();
      const ends = (await logsOf(request)).map(({ state, maybeDoubled }) => `${state} ${maybeDoubled}`);
      assert.deepEqual(ends, ['cancelled true', 'delivered true', 'cancelled true']);
      const late = { batch: held(batch), logs: [logOf(0, 'delivered')], remainder: [] };
      assert.deepEqual(await record(store(), [late]), { lost: [held(batch)] });
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 3, delivered: 1, cancelled: 2 });
    });

    it('remembers who may have been sent it by an earlier attempt', async () => {
      const request = sample({ recipients: 2 });
      await store().accept(request);
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      const recipients = batch.recipients.map((one) => ({ ...one, attempts: one.seq, maybeSent: one.seq === 1 }));
      await record(store(), [{ batch: held(batch), logs: [], remainder: [{ recipients, delayMs: 60_000 }] }]);
      await cancel(request);
      assert.deepEqual(await tally(request), { cancelledAt: at, cancelled: 2, inFlight: 0, alreadyFinal: 0 });
      await endAll();
      const ends = (await logsOf(request)).map(({ attempts, maybeDoubled }) => [attempts, maybeDoubled]);
      assert.deepEqual(ends, [
        [0, false],
        [1, true],
      ]);
    });

    it('is told to whoever asks about the notification', async () => {
      const [one, other] = [sample({}), sample({})];
      for (const request of [one, other]) await store().accept(request);
      await cancel(one);
      const foreign = { botId: randomId('st'), notificationId: one.notification.id };
      const notifications = [keyOf(other), keyOf(one), foreign];
      const change = { ...keyOf(one), isCancelled: true, isPaused: false, expiresAt: null };
      assert.deepEqual(await store().listChanged({ notifications }), [change]);
      assert.deepEqual(await store().listChanged({ notifications: [] }), []);
    });

    it('changes nothing that was finished, and knows nothing of strangers', async () => {
      const request = sample({ recipients: 1 });
      await store().accept(request);
      const [batch] = await claimAll(store(), queueOf(request));
      assert.ok(batch);
      await record(store(), [{ batch: held(batch), logs: [logOf(0, 'delivered')], remainder: [] }]);
      await cancel(request);
      assert.deepEqual(await tally(request), { cancelledAt: null, cancelled: 0, inFlight: 0, alreadyFinal: 1 });
      const stranger = { botId: randomId('st'), notificationId: request.notification.id };
      await store().cancel({ ...stranger, at });
      assert.equal(await store().tallyCancelled(stranger), null);
    });

    it('ends each recipient once, whoever claims, records and ends at the same moment', async () => {
      const request = sample({ recipients: 2_000 });
      await store().accept(request);
      const work = async (owner: string) => {
        for (const batch of await claim(store(), queueOf(request), { owner, limit: 2 })) {
          const logs = batch.recipients.map(({ seq }) => logOf(seq, 'delivered'));
          await record(store(), [{ batch: held(batch), logs, remainder: [] }]);
        }
      };
      const workers = ['a', 'b', 'c', 'd'].flatMap((owner) => [work(owner), work(owner)]);
      await Promise.all([...workers, cancel(request).then(() => Promise.all([endAll(), endAll(), endAll()]))]);
      await endAll();
      const counts = await countsOf(store(), request);
      assert.equal(counts?.pending, 0);
      assert.equal((counts?.delivered ?? 0) + (counts?.cancelled ?? 0), 2_000);
    });
  });
}
