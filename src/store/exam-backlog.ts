import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import {
  acceptAndClaim,
  allDelivered,
  claimAll,
  keyOf,
  LOG_TIME,
  logOf,
  queueOf,
  record,
  sample,
} from './exam-samples.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { ClaimedBatch } from './port/work.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about how much waits to be sent. */
export function examineBacklog(storeOf: () => Store): void {
  describe('backlog', () => {
    const tell = async (botId: string, recipients = 0) => {
      const { bots, all } = await storeOf().tellAccepted({ accepted: [{ botId, recipients }] });
      assert.equal(bots.length, 1);
      assert.equal(bots[0]?.botId, botId);
      assert.ok(all >= (bots[0]?.recipients ?? 0));
      return bots[0]?.recipients;
    };

    it('is what was accepted and has no end yet, of each bot and of all', async () => {
      const [one, other] = [sample({ recipients: 250 }), sample({ recipients: 7 })];
      const before = (await storeOf().tellAccepted({ accepted: [] })).all;
      const batches = await acceptAll(storeOf(), [one, other]);
      const bots = [one, other].map(({ notification: { botId, total } }) => ({ botId, recipients: total }));
      assert.deepEqual(await storeOf().tellAccepted({ accepted: bots }), { bots, all: before + 257 });
      await record(storeOf(), batches.slice(0, 1).map(allDelivered));
      const asked = bots.toReversed().map(({ botId }) => ({ botId, recipients: 0 }));
      assert.deepEqual(await storeOf().tellAccepted({ accepted: asked }), {
        bots: [
          { botId: other.notification.botId, recipients: 7 },
          { botId: one.notification.botId, recipients: 150 },
        ],
        all: before + 157,
      });
    });

    it('is right again once all is told, when some had their end before', async () => {
      const request = sample({ recipients: 150 });
      const { botId } = request.notification;
      assert.equal(await tell(botId), 0);
      const batch = await acceptAndClaim(storeOf(), request);
      await record(storeOf(), [allDelivered(batch)]);
      assert.equal(await tell(botId), 0);
      assert.equal(await tell(botId, 150), 50);
    });

    it('counts each end once: not of a batch that comes back, not of a lease that was lost, not twice', async () => {
      const request = sample({ recipients: 10 });
      const { botId } = request.notification;
      const batch = await acceptAndClaim(storeOf(), request);
      await tell(botId, 10);
      const [first, ...rest] = batch.recipients;
      assert.ok(first);
      const progress = { batch, logs: [logOf(0, 'failed')], remainder: null };
      await record(storeOf(), [progress]);
      await storeOf().checkpoint({ batches: [progress], again: true });
      await record(storeOf(), [{ batch, logs: [], remainder: [{ recipients: rest, delayMs: 60_000 }] }]);
      await record(storeOf(), [{ ...allDelivered(batch), logs: [logOf(1, 'delivered')] }]);
      assert.equal(await tell(botId), 9);
    });

    it('is without those who were cancelled', async () => {
      const request = sample({ recipients: 300 });
      const { botId } = request.notification;
      await storeOf().accept(request);
      assert.equal(await tell(botId, 300), 300);
      await storeOf().cancel({ ...keyOf(request), at: LOG_TIME });
      while ((await storeOf().endCancelled({ at: LOG_TIME, limit: 2 })) > 0);
      assert.equal(await tell(botId), 0);
    });

    it('is nothing where nothing waits, whatever was told', async () => {
      const asked = randomId('st');
      assert.equal(await tell(asked, 500), 0);
      const request = sample({});
      const { botId } = request.notification;
      const batch = await acceptAndClaim(storeOf(), request);
      assert.equal(await tell(botId, 500), 500);
      await record(storeOf(), [allDelivered(batch)]);
      const before = (await storeOf().tellAccepted({ accepted: [] })).all;
      await storeOf().prune({ now: 0, limit: 100 });
      assert.equal((await storeOf().tellAccepted({ accepted: [] })).all, before - 499);
    });

    it('is right whoever tells and records at once', async () => {
      const requests = Array.from({ length: 6 }, () => sample({ recipients: 3 }));
      const batches = await acceptAll(storeOf(), requests);
      const bots = requests.map(({ notification: { botId, total } }) => ({ botId, recipients: total }));
      await storeOf().tellAccepted({ accepted: bots });
      const one = batches.map((batch) => ({ batch, logs: [logOf(0, 'delivered')], remainder: null }));
      const two = batches.map((batch) => ({ batch, logs: [logOf(1, 'delivered')], remainder: null }));
      await Promise.all([
        record(storeOf(), one),
        storeOf().tellAccepted({ accepted: bots.toReversed() }),
        record(storeOf(), two.toReversed()),
        storeOf().tellAccepted({ accepted: bots }),
      ]);
      const { bots: found } = await storeOf().tellAccepted({
        accepted: bots.map(({ botId }) => ({ botId, recipients: 0 })),
      });
      assert.deepEqual(
        found.map(({ recipients }) => recipients),
        Array(6).fill(7),
      );
    });
  });
}

async function acceptAll(store: Store, requests: readonly AcceptRequest[]): Promise<ClaimedBatch[]> {
  const batches: ClaimedBatch[] = [];
  for (const request of requests) {
    await store.accept(request);
    batches.push(...(await claimAll(store, queueOf(request))));
  }
  return batches;
}
