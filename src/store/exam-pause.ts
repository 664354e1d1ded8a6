import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import type { PauseReason } from '../model/notification.ts';
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
import type { ClaimedBatch } from './port/work.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about notifications that stand still for a while. */
export function examinePause(store: () => Store): void {
  describe('pause', () => {
    const at = LOG_TIME + 99;
    const pause = (request: AcceptRequest, reason: PauseReason = 'caller') =>
      store().pause({ ...keyOf(request), at, reason });
    const resume = (request: AcceptRequest) => store().resume(keyOf(request));
    const tally = (request: AcceptRequest) => store().tallyPaused(keyOf(request));
    const settle = async (now = at) => {
      let moved = 0;
      for (let step = -1; step !== 0; moved += step) step = await store().settlePauses({ at: now, limit: 3 });
      return moved;
    };
    const dueInMs = async (request: AcceptRequest) => {
      const states = await store().listQueues({ after: null, limit: 1_000 });
      return states.find(({ queue }) => queue.botId === request.notification.botId)?.dueInMs;
    };
    const giveBack = (batch: ClaimedBatch, { delayMs = 0, isParked = true } = {}) =>
      record(store(), [
        { batch: held(batch), logs: [], remainder: [{ recipients: batch.recipients, delayMs, isParked }] },
      ]);

    // What others have left to be settled is counted with the rest.
    beforeEach(() => settle());

    it('is one mark that the first call sets, with its reason, and says where everybody is', async () => {
      const request = sample({ recipients: 250 });
      await store().accept(request);
      await pause(request, 'failure_ceiling');
      await store().pause({ ...keyOf(request), at: at + 1, reason: 'caller' });
      const paused = { pausedAt: at, reason: 'failure_ceiling', waiting: 250, inFlight: 0, alreadyFinal: 0 };
      assert.deepEqual(await tally(request), paused);
      const found = await store().findNotification(keyOf(request));
      assert.deepEqual([found?.pausedAt, found?.pausedReason], [at, 'failure_ceiling']);
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 250, pending: 250 });
      await resume(request);
      await resume(request);
      assert.deepEqual(await tally(request), { ...paused, pausedAt: null, reason: null });
    });

    it('is told to whoever asks about the notification, with the deadline that counts from then on', async () => {
      const [paused, resumed, other] = [sample({}), sample({}), sample({})];
      for (const request of [paused, resumed, other]) await store().accept(request);
      for (const request of [paused, resumed]) await pause(request);
      await resume(resumed);
      const notifications = [other, paused, resumed].map(keyOf);
      const changes = await store().listChanged({ notifications });
      const { expiresAt } = paused.notification;
      assert.deepEqual(
        new Map(changes.map(({ botId: _, notificationId, ...change }) => [notificationId, change])),
        new Map([
          [paused.notification.id, { isCancelled: false, isPaused: true, expiresAt }],
          [resumed.notification.id, { isCancelled: false, isPaused: false, expiresAt }],
        ]),
      );
      assert.equal((await store().findNotification(keyOf(resumed)))?.isExtended, true);
      assert.equal((await store().findNotification(keyOf(other)))?.isExtended, false);
    });

    it('takes all that waits out of sight, in steps, and gives it back with the waits it had', async () => {
      const request = sample({ recipients: 800 });
      await store().accept(request);
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      await giveBack(batch, { delayMs: 3_600_000, isParked: false });
      await pause(request);
      assert.equal(await store().settlePauses({ at, limit: 3 }), 3);
      assert.equal(await settle(), 5);
      assert.equal(await settle(), 0);
      assert.deepEqual(await claimAll(store(), queueOf(request)), []);
      assert.ok(Number(await dueInMs(request)) > 1e12);
      await resume(request);
      assert.equal(await settle(), 8);
      assert.equal(await settle(), 0);
      const claimed = await claimAll(store(), queueOf(request));
      assert.equal(claimed.length, 7);
      assert.deepEqual(
        claimed.filter(({ batchNo }) => batchNo === batch.batchNo),
        [],
      );
      const left = Number(await dueInMs(request));
      assert.ok(left > 0 && left <= 3_600_000, `${left}`);
    });

    it('leaves what a worker holds to the worker, whose rest comes back parked', async () => {
      const request = sample({ recipients: 200 });
      await store().accept(request);
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      await pause(request);
      assert.equal(await settle(), 1);
      assert.partialDeepStrictEqual(await tally(request), { waiting: 100, inFlight: 100, alreadyFinal: 0 });
      const [first, ...rest] = batch.recipients;
      const logs = [logOf(first?.seq ?? 0, 'delivered')];
      const remainder = [{ recipients: rest, delayMs: 0, isParked: true }];
      assert.deepEqual(await record(store(), [{ batch: held(batch), logs, remainder }]), { lost: [] });
      assert.partialDeepStrictEqual(await tally(request), { waiting: 199, inFlight: 0, alreadyFinal: 1 });
      assert.deepEqual(await claimAll(store(), queueOf(request)), []);
      await resume(request);
      await settle();
      const claimed = await claimAll(store(), queueOf(request));
      assert.equal(
        claimed.reduce((sum, { recipients }) => sum + recipients.length, 0),
        199,
      );
    });

    it('parks nothing that comes back after a resume', async () => {
      const [resumed, untouched] = [sample({}), sample({})];
      for (const request of [resumed, untouched]) {
        await store().accept(request);
        const [batch] = await claim(store(), queueOf(request));
        assert.ok(batch);
        if (request === resumed) {
          await pause(request);
          await resume(request);
          await settle();
        }
        await giveBack(batch);
        assert.equal((await claim(store(), queueOf(request))).length, 1);
      }
    });

    it('parks what came back from a worker that had not heard, when it is claimed once more', async () => {
      const request = sample({});
      await store().accept(request);
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      await pause(request);
      await settle();
      await giveBack(batch, { isParked: false });
      const [again] = await claim(store(), queueOf(request));
      assert.ok(again);
      await giveBack(again);
      assert.deepEqual(await claim(store(), queueOf(request)), []);
      await resume(request);
      await settle();
      assert.equal((await claim(store(), queueOf(request)))[0]?.takeovers, 0);
    });

    it('leaves what an owner died with to whoever takes it over', async () => {
      const request = sample({ recipients: 2 });
      await store().accept(request);
      await claim(store(), queueOf(request), { leaseMs: EXPIRED });
      await pause(request);
      assert.equal(await settle(), 0);
      assert.partialDeepStrictEqual(await tally(request), { waiting: 0, inFlight: 2 });
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      assert.equal(batch.takeovers, 1);
      await giveBack(batch);
      await resume(request);
      await settle();
      assert.equal((await claim(store(), queueOf(request)))[0]?.takeovers, 1);
    });

    it('ends when its deadline comes, so that everybody can expire', async () => {
      const request = sample({ recipients: 2 });
      await store().accept(request);
      await pause(request);
      await settle();
      const { expiresAt } = request.notification;
      await settle(expiresAt - 1);
      assert.deepEqual(await claim(store(), queueOf(request)), []);
      await settle(expiresAt);
      assert.equal((await claim(store(), queueOf(request))).length, 1);
      assert.equal((await store().findNotification(keyOf(request)))?.pausedAt, null);
      await store().pause({ ...keyOf(request), at: expiresAt, reason: 'caller' });
      assert.equal((await tally(request))?.pausedAt, null);
    });

    it('can be cancelled, and nothing that is cancelled can be paused', async () => {
      const [paused, cancelled] = [sample({ recipients: 150 }), sample({})];
      for (const request of [paused, cancelled]) await store().accept(request);
      await pause(paused);
      await settle();
      for (const request of [paused, cancelled]) await store().cancel({ ...keyOf(request), at });
      await pause(cancelled);
      assert.equal((await tally(cancelled))?.pausedAt, null);
      while ((await store().endCancelled({ at, limit: 3 })) > 0);
      assert.deepEqual(await countsOf(store(), paused), { ...ZERO, total: 150, cancelled: 150 });
      assert.deepEqual(await tally(paused), {
        pausedAt: null,
        reason: null,
        waiting: 0,
        inFlight: 0,
        alreadyFinal: 150,
      });
    });

    it('changes nothing that was finished, and knows nothing of strangers', async () => {
      const request = sample({ recipients: 1 });
      await store().accept(request);
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      await record(store(), [{ batch: held(batch), logs: [logOf(0, 'delivered')], remainder: [] }]);
      await pause(request);
      assert.partialDeepStrictEqual(await tally(request), { pausedAt: null, waiting: 0, inFlight: 0, alreadyFinal: 1 });
      const stranger = { botId: randomId('st'), notificationId: request.notification.id };
      await store().pause({ ...stranger, at, reason: 'caller' });
      await store().resume(stranger);
      assert.equal(await store().tallyPaused(stranger), null);
    });

    it('leaves nothing behind, whoever claims, gives back, pauses, resumes and settles at the same moment', async () => {
      const request = sample({ recipients: 1_500 });
      await store().accept(request);
      const work = async (owner: string) => {
        for (let round = 0; round < 3; round += 1) {
          for (const batch of await claim(store(), queueOf(request), { owner, limit: 2 })) await giveBack(batch);
        }
      };
      const ask = async () => {
        for (let round = 0; round < 3; round += 1) {
          await pause(request);
          await store().settlePauses({ at, limit: 4 });
          await resume(request);
          await store().settlePauses({ at, limit: 4 });
        }
      };
      await Promise.all([work('a'), work('b'), ask(), work('c'), settle(), ask()]);
      await settle();
      const claimed = await claimAll(store(), queueOf(request));
      assert.equal(
        claimed.reduce((sum, { recipients }) => sum + recipients.length, 0),
        1_500,
      );
    });
  });
}
