import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionId, randomId } from '../model/ids.ts';
import { RECEIPT_STATES, type Receipt, type ReceiptState } from '../model/news.ts';
import { keyOf, sample } from './exam-samples.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about what providers say later. */
export function examineReceipts(store: () => Store): void {
  describe('receipts', () => {
    const tell = (request: AcceptRequest, seq: number, state: ReceiptState, more: Partial<Receipt> = {}) => ({
      notificationId: request.notification.id,
      seq,
      state,
      at: 1_000,
      reason: null,
      detail: null,
      ...more,
    });
    const owner = ({ notification: { botId, connectionId } }: AcceptRequest) => ({ botId, connectionId });

    it('never go backwards, whatever comes twice, late or in another order', async () => {
      const orders: readonly (readonly [readonly ReceiptState[], ReceiptState])[] = [
        [['sent', 'delivered', 'read'], 'read'],
        [['read', 'delivered', 'sent', 'read'], 'read'],
        [['delivered', 'failed'], 'delivered'],
        [['sent', 'failed', 'delivered'], 'failed'],
        [['sent', 'sent'], 'sent'],
      ];
      const request = sample({ recipients: orders.length + 1 });
      await store().accept(request);
      for (const [seq, [states]] of orders.entries()) {
        for (const state of states) {
          await store().recordReceipts({ ...owner(request), receipts: [tell(request, seq, state)] });
        }
      }
      const page = { ...keyOf(request), fromSeq: 0, toSeq: 100 };
      assert.deepEqual(
        (await store().listReceipts(page)).map((receipt) => receipt.state),
        orders.map(([, last]) => last),
      );
      assert.deepEqual(await store().countReceipts(keyOf(request)), { sent: 1, failed: 1, delivered: 1, read: 2 });
      assert.deepEqual(
        (await store().listReceipts({ ...page, fromSeq: 1, toSeq: 2 })).map((receipt) => receipt.seq),
        [1, 2],
      );
    });

    it('count the same when all come in one call', async () => {
      const request = sample({ recipients: 2 });
      await store().accept(request);
      const failed = tell(request, 1, 'failed', { reason: 'unreachable_recipient', detail: 'no such user', at: 7 });
      const receipts = [tell(request, 0, 'read'), tell(request, 0, 'sent'), failed, failed];
      assert.equal(await store().recordReceipts({ ...owner(request), receipts }), 2);
      assert.equal(await store().recordReceipts({ ...owner(request), receipts }), 0);
      assert.deepEqual(await store().countReceipts(keyOf(request)), { sent: 0, failed: 1, delivered: 0, read: 1 });
      const { notificationId: _, ...kept } = failed;
      assert.deepEqual((await store().listReceipts({ ...keyOf(request), fromSeq: 1, toSeq: 1 }))[0], kept);
    });

    describe('of a notification with several channels', () => {
      const otherOf = ({ notification: { botId } }: AcceptRequest) => connectionId(botId, 'sms', null);
      const accept = async (recipients: number) => {
        const request = sample({ recipients });
        const { notification } = request;
        const fallBacks = [
          {
            channel: 'sms',
            channelSpelling: 'sms',
            connectionId: otherOf(request),
            message: null,
            on: ['no_receipt' as const],
            receiptWithinMs: 60_000,
            onUnknown: false,
          },
        ];
        await store().accept({ ...request, notification: { ...notification, options: { fallBacks } } });
        return request;
      };
      const first = (request: AcceptRequest, ...receipts: ReturnType<typeof tell>[]) =>
        store().recordReceipts({ ...owner(request), receipts });
      const second = (request: AcceptRequest, ...receipts: ReturnType<typeof tell>[]) =>
        store().recordReceipts({ ...owner(request), connectionId: otherOf(request), receipts });
      const present = async (request: AcceptRequest) =>
        (await store().listReceipts({ ...keyOf(request), fromSeq: 0, toSeq: 100 })).map(
          ({ seq, state, step, earlierArrived }) => ({ seq, state, step, earlierArrived }),
        );

      it('is the later channel that counts, and what came late of one before is kept beside it', async () => {
        const request = await accept(4);
        assert.equal(
          await first(request, tell(request, 0, 'sent'), tell(request, 1, 'failed'), tell(request, 2, 'sent')),
          3,
        );
        assert.equal(await second(request, ...[0, 1, 2, 3].map((seq) => tell(request, seq, 'delivered'))), 4);
        assert.equal(await first(request, tell(request, 0, 'delivered'), tell(request, 2, 'sent')), 1);
        assert.equal(await first(request, tell(request, 0, 'read')), 0);
        assert.equal(await second(request, tell(request, 0, 'read')), 1);
        assert.deepEqual(await present(request), [
          { seq: 0, state: 'read', step: 1, earlierArrived: true },
          { seq: 1, state: 'delivered', step: 1, earlierArrived: undefined },
          { seq: 2, state: 'delivered', step: 1, earlierArrived: undefined },
          { seq: 3, state: 'delivered', step: 1, earlierArrived: undefined },
        ]);
        assert.deepEqual(await store().countReceipts(keyOf(request)), { sent: 0, failed: 0, delivered: 3, read: 1 });
      });

      it('says that both arrived in whatever order they are told', async () => {
        const request = await accept(2);
        await first(request, tell(request, 0, 'delivered'));
        await second(request, tell(request, 0, 'sent'), tell(request, 1, 'sent'));
        await first(request, tell(request, 1, 'read'));
        assert.deepEqual(await present(request), [
          { seq: 0, state: 'sent', step: 1, earlierArrived: true },
          { seq: 1, state: 'sent', step: 1, earlierArrived: true },
        ]);
        assert.deepEqual(await store().countReceipts(keyOf(request)), { sent: 2, failed: 0, delivered: 0, read: 0 });
      });
    });

    it('are taken only of recipients there are, from their own connection', async () => {
      const request = sample({ recipients: 1 });
      await store().accept(request);
      const mine = owner(request);
      const foreign = [
        { ...mine, receipts: [tell(request, 1, 'read')] },
        { ...mine, receipts: [tell(request, -1, 'read')] },
        { ...mine, receipts: [{ ...tell(request, 0, 'read'), notificationId: randomId('ds') }] },
        { ...mine, connectionId: randomId('dc'), receipts: [tell(request, 0, 'read')] },
        { ...mine, botId: randomId('st'), receipts: [tell(request, 0, 'read')] },
      ];
      for (const told of foreign) assert.equal(await store().recordReceipts(told), 0);
      assert.deepEqual(await store().countReceipts(keyOf(request)), { sent: 0, failed: 0, delivered: 0, read: 0 });
    });

    it('add up when many tell of the same recipients at once', async () => {
      const request = sample({ recipients: 30 });
      await store().accept(request);
      const all = (state: ReceiptState) => request.recipients.map(({ seq }) => tell(request, seq, state));
      const calls = (['sent', 'read', 'delivered', 'sent', 'read', 'failed'] as const).map((state) =>
        store().recordReceipts({ ...owner(request), receipts: all(state).toSorted(() => (state === 'read' ? -1 : 1)) }),
      );
      await Promise.all(calls);
      const counts = await store().countReceipts(keyOf(request));
      assert.equal(counts.sent + counts.failed + counts.delivered + counts.read, 30);
      const states = (await store().listReceipts({ ...keyOf(request), fromSeq: 0, toSeq: 29 })).map(
        ({ state }) => state,
      );
      for (const state of RECEIPT_STATES) {
        assert.equal(counts[state], states.filter((each) => each === state).length);
      }
    });
  });
}
