import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import { FINAL_STATES, type FinalState, type Log } from '../model/notification.ts';
import type { Reason } from '../model/reasons.ts';
import { acceptAndClaim, claimAll, held, keyOf, logOf, queueOf, record, sample } from './exam-samples.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { LedgerFilter, LedgerLine } from './port/notifications.ts';
import type { Store } from './port.ts';

const ANY: LedgerFilter = { states: null, reasons: null, identity: null, prefix: null };

const REASON_OF: Readonly<Record<FinalState, readonly (Reason | null)[]>> = {
  delivered: [null],
  failed: ['provider_error', 'message_invalid', 'not_associated'],
  suppressed: ['opted_out', 'address_dead'],
  expired: ['expired'],
  cancelled: ['cancelled'],
  unknown: ['answer_lost'],
};

/** A mixture that depends on the seq alone, with identities that filters could stumble over. */
function mixedLog(seq: number): Log {
  const state = FINAL_STATES[seq % FINAL_STATES.length] ?? 'failed';
  const reasons = REASON_OF[state];
  const identity = IDENTITIES[seq % IDENTITIES.length] ?? '';
  return { ...logOf(seq, state), reason: reasons[seq % reasons.length] ?? null, identity: `${identity}${seq}` };
}

const IDENTITIES = ['Ann', 'ann', 'a%n', 'a_n', "a'n", 'Ärger', 'ärger', '💥x', '\\', '+49'];
const STATES: readonly FinalState[] = FINAL_STATES;

/** The part of the exam that is about what became of each recipient. */
export function examineLedger(store: () => Store): void {
  describe('ledger', () => {
    async function finish(count: number): Promise<{ request: AcceptRequest; logs: Log[] }> {
      const request = sample({ recipients: count });
      await store().accept(request);
      const logs: Log[] = [];
      for (const batch of await claimAll(store(), queueOf(request))) {
        const ended = batch.recipients.map(({ seq }) => mixedLog(seq));
        logs.push(...ended);
        await record(store(), [{ batch: held(batch), logs: ended, remainder: [] }]);
      }
      return { request, logs };
    }

    const read = (request: AcceptRequest, filter: Partial<LedgerFilter>, more = {}): Promise<LedgerLine[]> =>
      store().listLedger({
        ...keyOf(request),
        afterSeq: -1,
        untilSeq: 1_000,
        limit: 1_000,
        filter: { ...ANY, ...filter },
        ...more,
      });

    it('is filtered as a list in memory would be', async () => {
      const { request, logs } = await finish(240);
      const small = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      const states = [null, ['failed'], ['unknown', 'expired'], []] as const;
      const reasons = [null, ['provider_error'], ['opted_out', 'cancelled', 'answer_lost']] as const;
      const prefixes = [null, 'ann', 'ANN1', 'a%', 'a_', "a'", 'ä', 'Ä', '💥', '\\', '', 'nobody'];
      const identities = [null, 'aNN1', 'a%n2', 'nobody'];
      for (const state of states) {
        for (const reason of reasons) {
          for (const prefix of prefixes) {
            for (const identity of identities) {
              const expected = logs.filter(
                (log) =>
                  (state === null || state.some((one) => one === log.state)) &&
                  (reason === null || reason.some((one) => one === log.reason)) &&
                  (prefix === null || small(log.identity).startsWith(small(prefix))) &&
                  (identity === null || small(log.identity) === small(identity)),
              );
              const lines = await read(request, { states: state, reasons: reason, prefix, identity });
              assert.deepEqual(
                lines.map((line) => line.log),
                expected,
                JSON.stringify({ state, reason, prefix, identity }),
              );
            }
          }
        }
      }
    });

    it('is read stretch by stretch, with what providers said, and only by its bot', async () => {
      const { request, logs } = await finish(120);
      const { botId, connectionId, id: notificationId } = request.notification;
      const told = { seq: 7, state: 'failed', at: 9, reason: 'address_gone', detail: 'no such user' } as const;
      await store().recordReceipts({ botId, connectionId, receipts: [{ ...told, notificationId }] });
      assert.deepEqual(await read(request, {}, { afterSeq: 5, untilSeq: 9, limit: 3 }), [
        { log: logs[6], receipt: null },
        { log: logs[7], receipt: told },
        { log: logs[8], receipt: null },
      ]);
      assert.equal((await read(request, {}, { afterSeq: 5, untilSeq: 7 })).length, 2);
      assert.deepEqual(await read(request, {}, { botId: randomId('st') }), []);
    });

    it('counts reasons that add up to the counters of the same moment', async () => {
      const { request, logs } = await finish(200);
      const tally = await store().tallyReasons(keyOf(request));
      const expected = Object.fromEntries(
        [...Map.groupBy(logs, (log) => log.reason)].flatMap(([reason, group]) =>
          reason === null ? [] : [[reason, group.length]],
        ),
      );
      assert.deepEqual(tally?.reasons, expected);
      const { counts } = tally;
      const sum = Object.values(tally.reasons ?? {}).reduce((total, count) => total + count, 0);
      assert.equal(sum, counts.total - counts.pending - counts.delivered);
      for (const state of STATES) assert.equal(counts[state], logs.filter((log) => log.state === state).length);

      const pieces = [await stretch(request, -1, 99), await stretch(request, 99, 199)];
      const joined: Partial<Record<string, number>> = {};
      for (const [reason, count] of pieces.flatMap(Object.entries<number>)) {
        joined[reason] = (joined[reason] ?? 0) + count;
      }
      assert.deepEqual(joined, expected);
    });

    const stretch = (request: AcceptRequest, afterSeq: number, untilSeq: number) =>
      store().countReasons({ ...keyOf(request), afterSeq, untilSeq });

    it('has no reasons while everybody waits, and none of a stranger', async () => {
      const request = sample({ recipients: 3 });
      await acceptAndClaim(store(), request);
      const tally = await store().tallyReasons(keyOf(request));
      assert.deepEqual([tally?.reasons, tally?.counts.pending], [{}, 3]);
      assert.equal(await store().tallyReasons({ ...keyOf(request), botId: randomId('st') }), null);
    });
  });
}
