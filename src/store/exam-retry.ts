import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionId, randomId } from '../model/ids.ts';
import type { FinalState, Log } from '../model/notification.ts';
import {
  acceptAndClaim,
  claim,
  claimAll,
  countsOf,
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
import type { RetryRequest } from './port/interventions.ts';
import type { ClaimedBatch } from './port/work.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about trying again whom a notification did not reach. */
export function examineRetry(store: () => Store): void {
  describe('retry', () => {
    const at = LOG_TIME + 7_000;
    const retry = (request: AcceptRequest, more: Partial<RetryRequest> = {}) =>
      store().retry({
        ...keyOf(request),
        at,
        states: ['failed'],
        reasons: null,
        expiresAt: null,
        idempotency: null,
        ...more,
      });
    const goOn = async () => {
      while ((await store().goOnRetrying({ at })) > 0);
    };
    const logsOf = (request: AcceptRequest) => store().listLogs({ ...keyOf(request), afterSeq: -1, limit: 10_000 });
    const unreached = (seq: number, state: FinalState, more: Partial<Log> = {}): Log => ({
      ...logOf(seq, state),
      maybeDoubled: false,
      ...more,
    });
    /** Ends the batch, and keeps what those who were not reached alone were to be sent, as a worker does. */
    const end = (batch: ClaimedBatch, logs: readonly Log[]) => {
      const isOver = logs.length === batch.recipients.length;
      const kept = batch.recipients.filter(
        ({ seq, parameters }) =>
          parameters !== null && logs.some((log) => log.seq === seq && log.state !== 'delivered'),
      );
      return record(store(), [{ batch: held(batch), logs, remainder: isOver ? [] : null, kept }]);
    };

    it('makes those who failed pending again, with what they were to be sent and what is known of their tries', async () => {
      const request = sample({ recipients: 5 });
      const batch = await acceptAndClaim(store(), request);
      await end(batch, [
        logOf(0, 'delivered'),
        unreached(1, 'failed', { attempts: 3 }),
        unreached(2, 'failed', { maybeDoubled: true }),
        unreached(3, 'unknown', { reason: 'answer_lost' }),
        unreached(4, 'failed', { attempts: 0 }),
      ]);
      const before = await store().findNotification(keyOf(request));
      const answer = await retry(request);
      const state = { no: 1, retried: 3, leftOut: 0, isOver: true };
      assert.deepEqual(answer, { kind: 'retrying', state });
      assert.deepEqual(await store().findRetry({ ...keyOf(request), no: 1 }), state);
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 5, pending: 3, delivered: 1, unknown: 1 });
      assert.deepEqual(
        (await logsOf(request)).map(({ seq }) => seq),
        [0, 3],
      );
      const after = await store().findNotification(keyOf(request));
      assert.equal(after?.finishedAt, null);
      assert.ok((after?.updatedAt ?? 0) > (before?.updatedAt ?? 0));
      const [again, ...more] = await claimAll(store(), queueOf(request));
      assert.deepEqual(more, []);
      assert.equal(again?.takeovers, 0);
      const [, one, two, , four] = request.recipients;
      assert.deepEqual(again?.recipients, [
        { ...one, earlier: 3 },
        { ...two, maybeSent: true, earlier: 1 },
        { ...four },
      ]);
    });

    it('takes only the states and the reasons that are asked for, and tells the unknown as maybe sent', async () => {
      const request = sample({ recipients: 4 });
      const batch = await acceptAndClaim(store(), request);
      await end(batch, [
        unreached(0, 'unknown', { reason: 'answer_lost' }),
        unreached(1, 'failed', { reason: 'provider_error' }),
        unreached(2, 'failed', { reason: 'address_gone' }),
        unreached(3, 'expired', { reason: 'expired' }),
      ]);
      assert.partialDeepStrictEqual(await retry(request, { reasons: ['address_gone', 'expired'] }), {
        state: { retried: 1 },
      });
      assert.partialDeepStrictEqual(await retry(request, { states: ['unknown', 'expired'] }), {
        state: { no: 2, retried: 2 },
      });
      const recipients = (await claimAll(store(), queueOf(request))).flatMap((one) => one.recipients);
      assert.deepEqual(recipients.map(({ seq, maybeSent }) => `${seq} ${maybeSent}`).toSorted(), [
        '0 true',
        '2 false',
        '3 false',
      ]);
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 4, pending: 3, failed: 1 });
    });

    it('begins anew on the first channel, but for what is changed where it is', async () => {
      const plain = sample({ recipients: 1 });
      const { botId } = plain.notification;
      const slack = connectionId(botId, 'slack', null);
      const fallBack = { channel: 'slack', channelSpelling: 'slack', connectionId: slack, message: null };
      const fallBacks = [{ ...fallBack, on: [], onUnknown: false }];
      const route = { step: 1, tried: [] };
      for (const [options, connection, expected] of [
        [{ fallBacks }, plain.notification.connectionId, {}],
        [{ fallBacks, recalls: randomId('ds') }, slack, { route: { tried: [] } }],
      ] as const) {
        const notification = { ...plain.notification, id: randomId('ds'), api: 'native', options } as const;
        const [recipient] = plain.recipients;
        assert.ok(recipient);
        const own = { ...recipient, customMessage: 'D1:1.2' };
        const request = { ...plain, notification, recipients: [own] };
        const batch = await acceptAndClaim(store(), request);
        const logs = [unreached(0, 'failed', { route, attempts: 0 })];
        await record(store(), [{ batch: held(batch), logs, remainder: [], kept: [own] }]);
        assert.partialDeepStrictEqual(await retry(request), { state: { retried: 1 } });
        const [again] = await claimAll(store(), { ...queueOf(request), connectionId: connection });
        assert.deepEqual(again?.recipients, [{ ...own, maybeSent: false, ...expected }]);
      }
    });

    it('lets no worker of before change anything, whatever it holds', async () => {
      const request = sample({ recipients: 1 });
      const old = await acceptAndClaim(store(), request);
      await end(old, [unreached(0, 'failed')]);
      for (let round = 0; round < 3; round += 1) {
        await retry(request);
        const [again] = await claim(store(), queueOf(request));
        assert.ok(again);
        assert.ok(again.token > old.token + 1_000_000);
        const late = { batch: held(old), logs: [logOf(0, 'delivered')], remainder: [] };
        assert.deepEqual(await store().checkpoint({ batches: [late], again: true }), { lost: [held(old)] });
        await end(again, [unreached(0, 'failed')]);
      }
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 1, failed: 1 });
    });

    it('waits behind a batch that somebody holds, and goes on when it is over', async () => {
      const request = sample({ recipients: 150 });
      await store().accept(request);
      const [first, second] = await claimAll(store(), queueOf(request));
      assert.ok(first && second);
      await end(first, [unreached(3, 'failed')]);
      await end(
        second,
        second.recipients.map(({ seq }) => unreached(seq, 'failed')),
      );
      assert.partialDeepStrictEqual(await retry(request), { state: { retried: 0, isOver: false } });
      assert.equal(await store().goOnRetrying({ at }), 0);
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 150, pending: 99, failed: 51 });
      assert.deepEqual(await retry(request), { kind: 'running' });
      await end(
        { ...first, recipients: first.recipients.filter(({ seq }) => seq !== 3) },
        first.recipients.filter(({ seq }) => seq !== 3).map(({ seq }) => logOf(seq, 'delivered')),
      );
      await goOn();
      assert.partialDeepStrictEqual(await store().findRetry({ ...keyOf(request), no: 1 }), {
        retried: 51,
        isOver: true,
      });
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 150, pending: 51, delivered: 99 });
    });

    it('goes through many in steps, and the sums hold at each', async () => {
      const request = sample({ recipients: 4_500 });
      await store().accept(request);
      for (const batch of await claimAll(store(), queueOf(request))) {
        await end(
          batch,
          batch.recipients.map(({ seq }) => (seq % 3 === 0 ? unreached(seq, 'failed') : logOf(seq, 'delivered'))),
        );
      }
      assert.partialDeepStrictEqual(await retry(request), { state: { retried: 667, isOver: false } });
      for (let looked = 1; looked > 0; ) {
        const counts = await countsOf(store(), request);
        assert.equal((counts?.pending ?? 0) + (counts?.failed ?? 0), 1_500);
        looked = await store().goOnRetrying({ at });
      }
      const recipients = (await claimAll(store(), queueOf(request))).flatMap((one) => one.recipients);
      assert.deepEqual(
        recipients.map(({ seq }) => seq).toSorted((one, other) => one - other),
        Array.from({ length: 1_500 }, (_, index) => index * 3),
      );
      assert.equal(recipients.find(({ seq }) => seq === 3)?.parameters?.['name'], 'P3');
    });

    it('is the same retry by the same key, and another with another body is refused', async () => {
      const request = sample({ recipients: 2 });
      const batch = await acceptAndClaim(store(), request);
      await end(batch, [unreached(0, 'failed'), unreached(1, 'failed')]);
      const idempotency = { appId: 'cs-1', key: 'k', fingerprint: 'f' };
      const state = { no: 1, retried: 2, leftOut: 0, isOver: true };
      assert.deepEqual(await retry(request, { idempotency }), { kind: 'retrying', state });
      assert.deepEqual(await retry(request, { idempotency }), { kind: 'replay', state });
      const other = { ...idempotency, fingerprint: 'g' };
      assert.deepEqual(await retry(request, { idempotency: other }), { kind: 'reused' });
      assert.partialDeepStrictEqual(await retry(request, { idempotency: { ...idempotency, appId: 'cs-2' } }), {
        kind: 'retrying',
        state: { no: 2, retried: 0 },
      });
    });

    it('leaves out whom the provider says it has reached, and whose own words nobody has kept', async () => {
      const request = sample({ recipients: 3 });
      const old = { ...request, notification: { ...request.notification, api: 'kore-v2' as const } };
      const batch = await acceptAndClaim(store(), old);
      const through = connectionId(old.notification.botId, 'msteams', null);
      await end(
        batch,
        [0, 1, 2].map((seq) => unreached(seq, 'unknown', { reason: 'answer_lost' })),
      );
      const receipt = { seq: 1, state: 'delivered', at, reason: null, detail: null } as const;
      await store().recordReceipts({
        botId: old.notification.botId,
        connectionId: through,
        receipts: [{ ...receipt, notificationId: old.notification.id }],
      });
      assert.partialDeepStrictEqual(await retry(old, { states: ['unknown'] }), { state: { retried: 2, leftOut: 1 } });
    });

    it('gives as much time again where it is over, or what is asked for, and ends the pause of what had finished', async () => {
      const request = sample({ recipients: 1 });
      const { createdAt, expiresAt } = request.notification;
      const batch = await acceptAndClaim(store(), request);
      await end(batch, [unreached(0, 'failed')]);
      const deadline = async () => (await store().findNotification(keyOf(request)))?.expiresAt;
      await retry(request);
      assert.equal(await deadline(), expiresAt);
      const late = expiresAt + 5_000;
      const [again] = await claim(store(), queueOf(request));
      assert.ok(again);
      await store().pause({ ...keyOf(request), at, reason: 'caller' });
      await end(again, [unreached(0, 'failed')]);
      await retry(request, { at: late });
      assert.equal(await deadline(), late + (expiresAt - createdAt));
      assert.equal((await store().findNotification(keyOf(request)))?.pausedAt, null);
      const [third] = await claim(store(), queueOf(request));
      assert.ok(third);
      await end(third, [unreached(0, 'failed')]);
      await retry(request, { at: late, expiresAt: late + 60_000 });
      assert.equal(await deadline(), late + 60_000);
    });

    it('parks those of a notification that is paused', async () => {
      const request = sample({ recipients: 101 });
      await store().accept(request);
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      await end(
        batch,
        batch.recipients.map(({ seq }) => unreached(seq, 'failed')),
      );
      await store().pause({ ...keyOf(request), at, reason: 'caller' });
      await retry(request);
      while ((await store().settlePauses({ at, limit: 10 })) > 0);
      assert.deepEqual(await claimAll(store(), queueOf(request)), []);
      await store().resume(keyOf(request));
      while ((await store().settlePauses({ at, limit: 10 })) > 0);
      const claimed = await claimAll(store(), queueOf(request));
      assert.equal(claimed.flatMap(({ recipients }) => recipients).length, 101);
    });

    it('brings nobody back of what is cancelled, and knows no strangers', async () => {
      const request = sample({ recipients: 2, delayMs: 60_000 });
      await store().accept(request);
      await store().cancel({ ...keyOf(request), at });
      assert.deepEqual(await retry(request), { kind: 'cancelled' });
      assert.deepEqual(await retry(sample({})), { kind: 'unknown' });
      assert.equal(await store().findRetry({ botId: randomId('st'), notificationId: randomId('ds'), no: 1 }), null);
    });
  });

  describe('extend', () => {
    const at = LOG_TIME + 99;
    it('moves the deadline of what is not over to a later time only, and tells whoever asks', async () => {
      const request = sample({});
      await store().accept(request);
      const { expiresAt } = request.notification;
      const extend = (to: number) => store().extend({ ...keyOf(request), at, expiresAt: to });
      const deadline = async () => {
        const [change] = await store().listChanged({ notifications: [keyOf(request)] });
        return change?.expiresAt;
      };
      assert.equal(await extend(expiresAt - 1_000), true);
      assert.equal(await deadline(), expiresAt);
      assert.equal(await extend(expiresAt - 1_000), false);
      assert.equal(await extend(expiresAt + 1_000), true);
      assert.equal(await deadline(), expiresAt + 1_000);
      const [batch] = await claim(store(), queueOf(request));
      assert.ok(batch);
      await record(store(), [{ batch: held(batch), logs: [logOf(0, 'delivered')], remainder: [] }]);
      assert.equal(await extend(expiresAt + 9_000), false);
    });
  });
}
