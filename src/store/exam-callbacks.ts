import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOTHING_TOLD } from '../model/callback.ts';
import { randomId } from '../model/ids.ts';
import { allDelivered, claimAll, keyOf, LOG_TIME, queueOf, record, sample } from './exam-samples.ts';
import type { CallbackWatch, ClaimedCallback, NewCallback } from './port/callbacks.ts';
import type { NotificationKey } from './port/notifications.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about telling others how far a notification is. */
export function examineCallbacks(store: () => Store): void {
  describe('callbacks', () => {
    const connectionId = randomId('dc');
    const callback = { connectionId, on: ['started', 'finished'], steps: 10 } as const;
    const told = (recipients = 1, botId = randomId('st')) => {
      const request = sample({ recipients, botId });
      return { ...request, notification: { ...request.notification, options: { callback } } };
    };
    const eventOf = (key: NotificationKey, eventNo: number): NewCallback => {
      const body = `{"no":${eventNo},"text":"it's"}`;
      return {
        ...key,
        eventNo,
        event: 'progress',
        connectionId,
        body,
        trace: eventNo === 0 ? null : `trace-${eventNo}`,
        at: LOG_TIME,
      };
    };
    const add = (callbacks: readonly NewCallback[]) => store().addCallbacks({ callbacks, told: [], over: [] });
    /** Of this bot; others of the exam are left alone. */
    const claimOf = async (botId: string, { leaseMs = 60_000, limit = 1_000 } = {}) => {
      const claimed = await store().claimCallbacks({ limit, leaseMs, busyBots: [] });
      return claimed.filter((each) => each.botId === botId).sort((a, b) => a.eventNo - b.eventNo);
    };
    const watchesOf = async (botId: string) => {
      const found: CallbackWatch[] = [];
      for (let after: NotificationKey | null = null; ; ) {
        const page = await store().listCallbackWatches({ after, limit: 2 });
        assert.ok(page.length <= 2);
        found.push(...page);
        after = page.at(-1) ?? null;
        if (after === null) return found.filter((watch) => watch.botId === botId);
      }
    };
    const first = (claimed: readonly ClaimedCallback[]): ClaimedCallback => {
      assert.ok(claimed[0]);
      return claimed[0];
    };

    it('knows of which notifications somebody is to be told, and how far they are', async () => {
      const botId = randomId('st');
      const requests = [told(1, botId), told(3, botId), told(2, botId)].sort((a, b) =>
        a.notification.id < b.notification.id ? -1 : 1,
      );
      for (const request of [...requests, sample({ botId })]) await store().accept(request);
      const watches = await watchesOf(botId);
      assert.deepEqual(
        watches.map(({ notificationId, told: reached, notification }) => [
          notificationId,
          reached,
          notification?.counts.total,
        ]),
        requests.map(({ notification: { id, total } }) => [id, NOTHING_TOLD, total]),
      );
      assert.deepEqual(watches[0]?.notification?.options, { callback });

      const [one, other, third] = requests.map(keyOf);
      assert.ok(one && other && third);
      const stranger = { ...one, botId: randomId('st') };
      await store().addCallbacks({
        callbacks: [],
        told: [
          { ...one, told: 4 },
          { ...stranger, told: 9 },
        ],
        over: [other],
      });
      await store().addCallbacks({ callbacks: [], told: [{ ...one, told: 2 }], over: [] });
      const left = await watchesOf(botId);
      assert.deepEqual(
        left.map(({ notificationId, told: reached }) => [notificationId, reached]),
        [
          [one.notificationId, 4],
          [third.notificationId, NOTHING_TOLD],
        ],
      );
    });

    it('sees how far they are as it changes', async () => {
      const request = told(2);
      await store().accept(request);
      const batches = await claimAll(store(), queueOf(request));
      await record(store(), batches.map(allDelivered));
      const [watch] = await watchesOf(request.notification.botId);
      assert.deepEqual([watch?.notification?.counts.pending, watch?.notification?.finishedAt !== null], [0, true]);
    });

    it('writes down what is told once, whoever comes first', async () => {
      const key = keyOf(told());
      await add([eventOf(key, 0), eventOf(key, 3)]);
      await Promise.all([1, 2, 3].map((n) => add([{ ...eventOf(key, 3), body: `${n}` }, eventOf(key, 4)])));
      const claimed = await claimOf(key.botId);
      assert.deepEqual(
        claimed.map(({ eventNo, body, trace, token, connectionId: through, tries }) => ({
          eventNo,
          body,
          trace,
          token,
          through,
          tries,
        })),
        [0, 3, 4].map((no) => ({
          eventNo: no,
          body: eventOf(key, no).body,
          trace: eventOf(key, no).trace,
          token: 1,
          through: connectionId,
          tries: [],
        })),
      );
    });

    it('gives each to one, until the lease is over', async () => {
      const key = keyOf(told());
      await add(Array.from({ length: 20 }, (_, no) => eventOf(key, no)));
      const several = await Promise.all([1, 2, 3, 4].map(() => claimOf(key.botId, { limit: 5 })));
      const nos = several.flat().map(({ eventNo }) => eventNo);
      assert.equal(new Set(nos).size, nos.length);
      nos.push(...(await claimOf(key.botId)).map(({ eventNo }) => eventNo));
      assert.deepEqual(new Set(nos).size, 20);
      assert.deepEqual(await claimOf(key.botId), []);
    });

    it('takes nothing of the bots that are busy', async () => {
      const [busy, other] = [keyOf(told()), keyOf(told())];
      await add([eventOf(busy, 0), eventOf(other, 0)]);
      const claimed = await store().claimCallbacks({ limit: 1_000, leaseMs: 60_000, busyBots: [busy.botId] });
      assert.deepEqual(
        [busy, other].map(({ botId }) => claimed.some((each) => each.botId === botId)),
        [false, true],
      );
    });

    it('keeps every try, comes again when it is time, and lets nobody settle what is another’s', async () => {
      const key = keyOf(told());
      await add([eventOf(key, 7)]);
      const late = first(await claimOf(key.botId, { leaseMs: -1_000 }));
      const held = first(await claimOf(key.botId));
      assert.deepEqual([late.token, held.token], [1, 2]);
      const failed = { at: LOG_TIME, status: 500, detail: "it said 'no'", durationMs: 12 };
      assert.equal(await store().settleCallback({ callback: late, tries: [failed], next: 'delivered' }), false);
      assert.equal(await store().settleCallback({ callback: held, tries: [failed], next: { delayMs: 60_000 } }), true);
      assert.deepEqual(await claimOf(key.botId), []);
      const [waiting] = await store().listCallbacks(key);
      assert.partialDeepStrictEqual(waiting, { eventNo: 7, event: 'progress', state: 'pending', tries: [failed] });
      assert.ok((waiting?.dueAt ?? 0) > (await store().now()));

      await add([eventOf(key, 8)]);
      const again = first(await claimOf(key.botId));
      assert.equal(again.eventNo, 8);
      await store().settleCallback({ callback: again, tries: [failed], next: { delayMs: -1 } });
      const last = first(await claimOf(key.botId));
      assert.deepEqual([last.token, last.tries], [2, [failed]]);
      const taken = { at: LOG_TIME, status: 204, detail: null, durationMs: 3 };
      assert.equal(await store().settleCallback({ callback: last, tries: [failed, taken], next: 'delivered' }), true);
      assert.equal(await store().settleCallback({ callback: last, tries: [], next: 'given_up' }), false);
      assert.deepEqual(await claimOf(key.botId), []);
      const settled = (await store().listCallbacks(key))[1];
      assert.deepEqual(settled, {
        eventNo: 8,
        event: 'progress',
        connectionId,
        createdAt: LOG_TIME,
        dueAt: null,
        state: 'delivered',
        tries: [failed, taken],
      });
      assert.deepEqual(await store().listCallbacks({ ...key, botId: randomId('st') }), []);
    });
  });
}
