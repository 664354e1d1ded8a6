import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sendMany } from './million/run.ts';

const RECIPIENTS = 2_000;

/* In short; `npm run test:million` does it with a million, and judges the memory: here it is the start that is seen. */
it('sends a file of many through a server, with totals that are right at every look', async (test) => {
  const { findings, delivered, exported, peakMb, looks, ...times } = await sendMany(RECIPIENTS);
  test.diagnostic(`${looks} looks, ${peakMb} MB, ${JSON.stringify(times)}`);
  assert.deepEqual(findings, []);
  assert.deepEqual([delivered, exported], [RECIPIENTS, RECIPIENTS]);
});
