import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { suppressedLog } from '../model/audience.ts';
import { randomId } from '../model/ids.ts';
import type { Ends } from '../model/meter.ts';
import type { Log } from '../model/notification.ts';
import { acceptAndClaim, held, keyOf, LOG_TIME, logOf, recipientOf, record, replyFor, sample } from './exam-samples.ts';
import type { ActivityCell } from './port/activity.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about what all nodes did of late. */
export function examineActivity(store: () => Store): void {
  describe('activity', () => {
    it('adds up what nodes did, and takes what is said twice for once', async () => {
      const botId = randomId('st');
      const cell = (minute: number, count: number, more: Partial<ActivityCell> = {}): ActivityCell => ({
        botId,
        connectionId: 'dc-1',
        minute,
        state: 'delivered',
        reason: null,
        count,
        ...more,
      });
      const tell = (node: string, ...cells: ActivityCell[]) =>
        store().recordActivity({ node, at: 1, cells, connections: [], moved: [] });
      await tell('a', cell(10, 3), cell(11, 1, { state: 'failed', reason: 'provider_error' }));
      await tell('a', cell(10, 5));
      await tell('a', cell(10, 5));
      await tell('b', cell(10, 2), cell(11, 4, { connectionId: 'dc-2' }), cell(12, 9), cell(9, 9));
      await tell('b', cell(10, 7, { botId: randomId('st') }));
      const sums = await store().sumActivity({ botId, from: 10, until: 12 });
      assert.deepEqual(sums.byMinute, [
        { minute: 10, state: 'delivered', count: 7 },
        { minute: 11, state: 'delivered', count: 4 },
        { minute: 11, state: 'failed', count: 1 },
      ]);
      assert.deepEqual(sums.byReason, [
        { connectionId: 'dc-1', state: 'delivered', reason: null, count: 7 },
        { connectionId: 'dc-1', state: 'failed', reason: 'provider_error', count: 1 },
        { connectionId: 'dc-2', state: 'delivered', reason: null, count: 4 },
      ]);
      const longAfter = 3 * 86_400_000;
      while ((await store().prune({ now: longAfter, limit: 3 })) > 0);
      assert.deepEqual(await store().sumActivity({ botId, from: 0, until: 100 }), { byMinute: [], byReason: [] });
    });

    it('counts who is left out from the beginning, at an accept and when an audience is sealed', async () => {
      const botId = randomId('st');
      const minute = Math.floor(LOG_TIME / 60_000);
      const request = sample({ botId, recipients: 3 });
      const [first, ...others] = request.recipients;
      assert.ok(first);
      const suppressed = others.map((recipient) => suppressedLog(recipient, 'duplicate', LOG_TIME));
      await store().accept({ ...request, recipients: [first], suppressed });

      const { total: _total, expiresAt: _expiresAt, ...asked } = sample({ botId }).notification;
      const key = { botId, notificationId: asked.id };
      const names = ['a', 'b', 'a', 'c', 'd'];
      await store().openAudience({
        asked: { ...asked, expiresAt: null },
        plan: { deduplicate: true, parameters: null, exclude: { identities: ['c', 'd'] } },
        ...{ endsAt: LOG_TIME + 60_000, most: 100, idempotency: null },
      });
      const recipients = names.map((identity, seq) => ({ ...recipientOf(seq), identity }));
      await store().addChunk({ ...key, chunk: 0, digest: 'd', recipients, at: LOG_TIME });
      const asOf = () => store().sumActivity({ botId, from: minute, until: minute + 1 });
      assert.deepEqual((await asOf()).byMinute, [{ minute, state: 'suppressed', count: 2 }]);
      await store().sealAudience({ ...key, expected: null, at: LOG_TIME, isCancelled: false });
      const { connectionId } = asked;
      assert.deepEqual(await asOf(), {
        byMinute: [{ minute, state: 'suppressed', count: 5 }],
        byReason: [
          { connectionId, state: 'suppressed', reason: 'duplicate', count: 3 },
          { connectionId, state: 'suppressed', reason: 'excluded', count: 2 },
        ],
      });
    });

    it('tells of those whom no worker ends: left out, erased, cancelled', async () => {
      const told: Ends[] = [];
      // Of other tests there may be some to end too.
      const [ofAccept, ofAudience] = ['accepted here', 'gathered here'];
      store().onEnded((ends) => {
        told.push(...ends.filter(({ channel }) => [ofAccept, ofAudience].includes(channel)));
      });
      const [botId, at] = [randomId('st'), LOG_TIME];
      const request = sample({ botId, recipients: 3 });
      const notification = { ...request.notification, channel: ofAccept };
      const [first, ...others] = request.recipients;
      assert.ok(first);
      const suppressed = others.map((recipient) => suppressedLog(recipient, 'duplicate', LOG_TIME));
      const idempotency = { ...replyFor(randomId('u')), botId };
      const accept = () => store().accept({ ...request, notification, recipients: [first], suppressed, idempotency });
      await accept();
      assert.equal((await accept()).kind, 'replay');

      const { total: _total, expiresAt: _expiresAt, ...asked } = sample({ botId }).notification;
      const key = { botId, notificationId: asked.id };
      await store().openAudience({
        asked: { ...asked, channel: ofAudience, expiresAt: null },
        plan: { deduplicate: true, parameters: null, exclude: { identities: ['c'] } },
        ...{ endsAt: at + 60_000, most: 100, idempotency: null },
      });
      const recipients = ['a', 'b', 'a', 'c', 'd', 'e'].map((identity, seq) => ({ ...recipientOf(seq), identity }));
      await store().addChunk({ ...key, chunk: 0, digest: 'd', recipients, at });
      const erase = async (identity: string) => {
        await store().erase({ botId, erasureId: randomId('er'), who: { identity }, at });
        while ((await store().goOnErasing({ at })) > 0);
      };
      await erase('b');
      await store().sealAudience({ ...key, expected: null, at, isCancelled: false });
      await erase('d');
      await store().cancel({ ...key, at });
      while ((await store().endCancelled({ at, limit: 3 })) > 0);
      store().onEnded(() => {});
      // Of threads the news comes by itself, before the answer to what was asked after it.
      const left = { state: 'suppressed', count: 1 } as const;
      assert.deepEqual(told, [
        { ...left, channel: ofAccept, reason: 'duplicate', count: 2 },
        ...(['duplicate', 'excluded', 'erased', 'erased'] as const).map((reason) => ({
          ...{ ...left, channel: ofAudience, reason },
        })),
        { channel: ofAudience, state: 'cancelled', reason: 'cancelled', count: 2 },
      ]);
      const minute = Math.floor(at / 60_000);
      const { byReason } = await store().sumActivity({ botId, from: minute, until: minute + 1 });
      assert.deepEqual(
        byReason.map(({ reason, count }) => [reason, count]),
        [
          ['cancelled', 2],
          ['duplicate', 3],
          ['erased', 2],
          ['excluded', 1],
        ],
      );
    });

    it('keeps the last word of each node on a connection', async () => {
      const botId = randomId('st');
      const say = (node: string, at: number, inFlight: number) =>
        store().recordActivity({
          node,
          at,
          cells: [],
          connections: [{ botId, connectionId: 'dc-1', state: { inFlight } }],
          moved: [],
        });
      await say('a', 5, 1);
      await say('b', 6, 2);
      await say('a', 9, 3);
      const said = await store().listConnectionStates({ botId, since: 0 });
      assert.deepEqual(said.map(({ node, at, state }) => [node, at, state['inFlight']]).toSorted(), [
        ['a', 9, 3],
        ['b', 6, 2],
      ]);
      assert.equal((await store().listConnectionStates({ botId, since: 7 })).length, 1);
      assert.deepEqual(await store().listConnectionStates({ botId: randomId('st'), since: 0 }), []);
    });

    it('counts what is open, when who ended, and when each part was reached first', async () => {
      const request = sample({ recipients: 10 });
      const { notification } = request;
      const batch = await acceptAndClaim(store(), request);
      const { botId, connectionId } = notification;
      const open = () => store().sumOpen({ botId, channels: ['msteams', 'slack'], limit: 100 });
      assert.deepEqual(await open(), [{ connectionId, notifications: 1, recipients: 10 }]);
      const moved = [keyOf(request)];
      const reach = (at: number) => store().recordActivity({ node: 'a', at, cells: [], connections: [], moved });
      await reach(1);
      const logs = (from: number, until: number, at: number): Log[] =>
        batch.recipients
          .filter(({ seq }) => seq >= from && seq < until)
          .map(({ seq }) => ({ ...logOf(seq, seq === 0 ? 'failed' : 'delivered'), at: LOG_TIME + at }));
      await record(store(), [{ batch: held(batch), logs: logs(0, 4, 50), remainder: null }]);
      await reach(2);
      await reach(3);
      await record(store(), [{ batch: held(batch), logs: logs(4, 10, 1_999), remainder: [] }]);
      await reach(4);
      assert.deepEqual(await open(), []);
      const milestones = await store().listMilestones(keyOf(request));
      assert.deepEqual(
        milestones.map(({ at, pending, delivered, failed }) => [at, pending, delivered, failed]),
        [
          [1, 10, 0, 0],
          [2, 6, 3, 1],
          [4, 0, 9, 1],
        ],
      );
      assert.deepEqual(await store().countEnds({ ...keyOf(request), from: LOG_TIME + 1_000, stepMs: 500 }), [
        { step: 0, state: 'delivered', count: 3 },
        { step: 0, state: 'failed', count: 1 },
        { step: 1, state: 'delivered', count: 6 },
      ]);
    });
  });
}
