import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from './faults/fault.ts';
import { floodUrgently, overtakeRun } from './faults/urgent-beside-bulk.ts';

/* Who is sent what first, by counting; `npm run test:faults -- F26` measures how long it takes, beside a million. */
describe('F26 a run and what is urgent, on one connection', () => {
  const judge = (name: string, run: () => Promise<Finding>, wanted: boolean) =>
    it(name, { timeout: 60_000 }, async (test) => {
      const { figure, bar, ok } = await run();
      test.diagnostic(`${figure} (bar: ${bar})`);
      assert.equal(ok, wanted, `${figure}; bar: ${bar}`);
    });

  judge('a message overtakes a run that came before it', () => overtakeRun(), true);
  judge(
    'it does not where whoever came first is served first (negative control)',
    () => overtakeRun({ isFifo: true }),
    false,
  );
  judge('a flood leaves a run a tenth', () => floodUrgently({ counted: 3_000 }), true);
  judge(
    'it does not where only urgent messages have turns (negative control)',
    () => floodUrgently({ counted: 1_000, isRuthless: true }),
    false,
  );
});
