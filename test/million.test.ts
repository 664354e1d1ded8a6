import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sendMany } from './million/run.ts';

const RECIPIENTS = 2_000;

/* In short; `npm run test:million` does it with a million, and judges the memory: here it is the start that is seen. */
it('sends a file of many through a server, with totals that are right at every look', async (test) => {
  const { findings, retried, delivered, exported, ...figures } = await sendMany({ recipients: RECIPIENTS });
  test.diagnostic(JSON.stringify(figures));
  assert.deepEqual(findings, []);
  assert.deepEqual([retried, delivered, exported], [RECIPIENTS / 1_000, RECIPIENTS, RECIPIENTS]);
});
