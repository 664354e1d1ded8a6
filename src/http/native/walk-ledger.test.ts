import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerStretch } from '../../store/port/notifications.ts';
import { readLedgerPage } from './walk-ledger.ts';

const TOTAL = 300_000;
const MAX_LOOK_MS = 50;

/** A store in which nobody fits and each recipient takes so long, and what a page of it takes. */
async function look(msPerRecipient: number, afterSeq = -1) {
  let now = 0;
  let statements = 0;
  const store = {
    async listLedger({ afterSeq, untilSeq }: LedgerStretch) {
      now += (untilSeq - afterSeq) * msPerRecipient;
      statements += 1;
      return [];
    },
  };
  const filter = { states: null, reasons: null, prefix: 'zzz', identity: null };
  const notification = { botId: 'st-1', id: 'ds-1', total: TOTAL };
  const clock = { monotonic: () => now };
  const { lines, nextSeq } = await readLedgerPage({ store, notification, filter, afterSeq, limit: 50, clock });
  assert.deepEqual(lines, []);
  return { ms: now, statements, nextSeq };
}

test('a page in which nobody was found takes no longer than it may, however slow the database is at present', async () => {
  for (const msPerRecipient of [0.0005, 0.002, 0.008, 0.02, 0.04]) {
    const { ms, nextSeq } = await look(msPerRecipient);
    assert.ok(ms <= MAX_LOOK_MS, `${ms} ms at ${msPerRecipient} each`);
    assert.ok(ms >= MAX_LOOK_MS / 2 || nextSeq === 99_999, `${ms} ms at ${msPerRecipient} each leaves time unused`);
  }
  const { statements } = await look(1);
  assert.equal(statements, 1, 'the slowest looks at some all the same');
});

test('the next page goes on where the one before ended, to the end', async () => {
  let pages = 0;
  for (let afterSeq: number | null = -1; afterSeq !== null; pages += 1) {
    const { nextSeq }: { readonly nextSeq: number | null } = await look(0.002, afterSeq);
    assert.ok(nextSeq === null || nextSeq > afterSeq);
    afterSeq = nextSeq;
  }
  assert.ok(pages > TOTAL / 25_000 - 1 && pages < 20, `${pages} pages`);
});

test('whoever is quick is done with a hundred thousand', async () => {
  const { nextSeq, statements } = await look(0);
  assert.equal(nextSeq, 99_999);
  assert.ok(statements <= 21, `${statements} statements`);
});
