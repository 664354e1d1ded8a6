import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLedgerPage, STRETCH } from './walk-ledger.ts';

test('a page in which nobody was found ends after a while, where the next goes on', async () => {
  const TOTAL = 40 * STRETCH;
  let now = 0;
  let looked = 0;
  const store = {
    async listLedger() {
      now += 20;
      looked += 1;
      return [];
    },
  };
  const filter = { states: null, reasons: null, prefix: 'zzz', identity: null };
  const notification = { botId: 'st-1', id: 'ds-1', total: TOTAL };
  const clock = { monotonic: () => now };
  let afterSeq = -1;
  const ends: (number | null)[] = [];
  for (let page = 0; page < 2; page += 1) {
    const { lines, nextSeq } = await readLedgerPage({ store, notification, filter, afterSeq, limit: 50, clock });
    assert.deepEqual(lines, []);
    ends.push(nextSeq);
    afterSeq = nextSeq ?? afterSeq;
  }
  assert.deepEqual([looked, ...ends], [6, 3 * STRETCH - 1, 6 * STRETCH - 1]);
  clock.monotonic = () => 0;
  const { nextSeq } = await readLedgerPage({ store, notification, filter, afterSeq, limit: 50, clock });
  assert.equal(nextSeq, 26 * STRETCH - 1, 'whoever is quick is done with a hundred thousand');
});
