import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionId } from '../model/ids.ts';
import type { Log, Recipient } from '../model/notification.ts';
import {
  acceptAndClaim,
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
import type { ClaimedBatch } from './port/work.ts';
import type { Store } from './port.ts';

const ALL = { states: null, reasons: null, identity: null, prefix: null };

/** The part of the exam that is about recipients who go on to another channel of their notification. */
export function examineFallBack(store: () => Store): void {
  describe('fall-back', () => {
    const tried = [{ step: 0, reason: 'not_associated', detail: "it's unknown", attempts: 1 }] as const;
    const onward = (recipient: Recipient): Recipient => ({ ...recipient, route: { tried } });
    const otherOf = (request: AcceptRequest) => connectionId(request.notification.botId, 'sms', null);
    const otherQueueOf = (request: AcceptRequest) => ({ ...queueOf(request), connectionId: otherOf(request) });
    const move = (batch: ClaimedBatch, request: AcceptRequest, seqs: readonly number[], logs: readonly Log[]) =>
      record(store(), [
        {
          batch: held(batch),
          logs,
          remainder: [
            { recipients: pick(batch, seqs).map(onward), delayMs: 0, connectionId: otherOf(request) },
            { recipients: others(batch, seqs, logs), delayMs: 0 },
          ].filter(({ recipients }) => recipients.length > 0),
        },
      ]);
    const pick = ({ recipients }: ClaimedBatch, seqs: readonly number[]) =>
      recipients.filter(({ seq }) => seqs.includes(seq));
    const others = ({ recipients }: ClaimedBatch, seqs: readonly number[], logs: readonly Log[]) =>
      recipients.filter(({ seq }) => !seqs.includes(seq) && !logs.some((log) => log.seq === seq));

    it('begins each in the queue it is accepted for', async () => {
      const request = sample({ recipients: 250 });
      const connectionOf = ({ seq }: Recipient) =>
        seq % 2 === 0 ? request.notification.connectionId : otherOf(request);
      await store().accept({ ...request, connectionOf });
      const [own, other] = [await claimAll(store(), queueOf(request)), await claimAll(store(), otherQueueOf(request))];
      const seqsOf = (batches: readonly ClaimedBatch[]) =>
        batches.flatMap(({ recipients }) => recipients.map(({ seq }) => seq));
      assert.deepEqual(
        [own, other].map((batches) => batches.map(({ recipients }) => recipients.length)),
        [
          [100, 25],
          [100, 25],
        ],
      );
      assert.ok(seqsOf(own).every((seq) => seq % 2 === 0) && seqsOf(other).every((seq) => seq % 2 === 1));
    });

    it('puts them into the queue of the other connection, and the others back into their own', async () => {
      const request = sample({ recipients: 6 });
      const batch = await acceptAndClaim(store(), request);
      await move(batch, request, [0, 3], [logOf(1, 'delivered'), logOf(5, 'failed')]);
      const [here] = await claimAll(store(), queueOf(request));
      const [there, ...more] = await claimAll(store(), otherQueueOf(request));
      assert.ok(here && there);
      assert.deepEqual(more, []);
      assert.deepEqual(here.recipients, pick(batch, [2, 4]));
      assert.deepEqual(there.recipients, pick(batch, [0, 3]).map(onward));
      assert.deepEqual([there.queue, there.takeovers], [otherQueueOf(request), 0]);
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 6, pending: 4, delivered: 1, failed: 1 });
    });

    it('lets whoever held them on the channel before change nothing any more', async () => {
      const request = sample({ recipients: 2 });
      const batch = await acceptAndClaim(store(), request);
      await move(batch, request, [0, 1], []);
      assert.deepEqual(await record(store(), [{ batch: held(batch), logs: [logOf(0, 'failed')], remainder: [] }]), {
        lost: [held(batch)],
      });
      const [there] = await claimAll(store(), otherQueueOf(request));
      assert.ok(there);
      assert.ok(there.token > batch.token + 1);
      const logs = [logOf(0, 'delivered'), logOf(1, 'delivered')];
      assert.deepEqual(await record(store(), [{ batch: held(there), logs, remainder: [] }]), { lost: [] });
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 2, delivered: 2 });
    });

    it('does it once when the checkpoint is sent twice', async () => {
      const request = sample({ recipients: 2 });
      const batch = await acceptAndClaim(store(), request);
      const remainder = [{ recipients: pick(batch, [1]).map(onward), delayMs: 0, connectionId: otherOf(request) }];
      const progress = { batch: held(batch), logs: [logOf(0, 'delivered')], remainder };
      await record(store(), [progress]);
      assert.deepEqual(await store().checkpoint({ batches: [progress], again: true }), { lost: [held(batch)] });
      const there = await claimAll(store(), otherQueueOf(request));
      assert.deepEqual(
        there.map(({ batchNo, recipients }) => [batchNo, recipients.length]),
        [[1, 1]],
      );
    });

    it('ends by a cancel on the channel that took it, or else on the one that was waited for', async () => {
      const plain = sample({ recipients: 2 });
      const on = { on: ['no_receipt' as const], receiptWithinMs: 60_000, onUnknown: false };
      const fallBacks = [
        { channel: 'sms', channelSpelling: 'sms', connectionId: otherOf(plain), message: null, ...on },
      ];
      const request = { ...plain, notification: { ...plain.notification, options: { fallBacks } } };
      const batch = await acceptAndClaim(store(), request);
      const facts = { personId: 'u-1', channelId: '29:1', providerMessageId: 'm-1' };
      const taken = { step: 0, ...facts, attempts: 2, maybeDoubled: false };
      const waiting = batch.recipients.map((recipient) => ({
        ...recipient,
        route: recipient.seq === 0 ? { tried: [], taken } : { tried },
      }));
      const remainder = [{ recipients: waiting, delayMs: 60_000, connectionId: otherOf(request) }];
      await record(store(), [{ batch: held(batch), logs: [], remainder }]);
      await store().cancel({ ...keyOf(request), at: LOG_TIME });
      assert.deepEqual(await store().tallyCancelled(keyOf(request)), {
        cancelledAt: LOG_TIME,
        cancelled: 1,
        inFlight: 0,
        alreadyFinal: 1,
      });
      // What other parts of the exam have cancelled and left is ended with it.
      while ((await store().endCancelled({ at: LOG_TIME, limit: 10 })) > 0);
      assert.deepEqual(await countsOf(store(), request), { ...ZERO, total: 2, delivered: 1, cancelled: 1 });
      const lines = await store().listLedger({ ...keyOf(request), afterSeq: -1, untilSeq: 9, limit: 9, filter: ALL });
      assert.partialDeepStrictEqual(
        lines.map(({ log }) => log),
        [
          { ...facts, state: 'delivered', attempts: 2, route: { step: 0, tried: [] } },
          { state: 'cancelled', route: { step: 1, tried } },
        ],
      );
      assert.deepEqual(await store().tallyCancelled(keyOf(request)), {
        cancelledAt: LOG_TIME,
        cancelled: 1,
        inFlight: 0,
        alreadyFinal: 1,
      });
    });

    it('keeps on which channel each ended, and what came of those before', async () => {
      const request = sample({ recipients: 2 });
      const batch = await acceptAndClaim(store(), request);
      const route = { step: 1, tried };
      await record(store(), [
        { batch: held(batch), logs: [logOf(0, 'delivered'), { ...logOf(1, 'failed'), route }], remainder: [] },
      ]);
      const filter = ALL;
      const lines = await store().listLedger({ ...keyOf(request), afterSeq: -1, untilSeq: 9, limit: 9, filter });
      assert.deepEqual(
        lines.map(({ log }) => log),
        [logOf(0, 'delivered'), { ...logOf(1, 'failed'), route }],
      );
    });
  });
}
