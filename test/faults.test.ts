import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { breakDisk } from './faults/broken-disk.ts';
import { fillDisk, whyNoTmpfs } from './faults/disk-full.ts';
import { holdWhileServing } from './faults/endless-read.ts';
import { type Finding, partsOf } from './faults/fault.ts';
import { traceAnswers, whyNoStrace } from './faults/fsync-order.ts';
import { crashPostgres } from './faults/postgres-crash.ts';
import { cutAfterCommit, terminateBackends } from './faults/postgres-cuts.ts';
import { blackHole } from './faults/postgres-silence.ts';
import { cutPower } from './faults/power-cut.ts';
import { whyNoLoopMounts } from './support/loop-disk.ts';
import { chooseSeed } from './support/seed.ts';

/*
 * The catalogue of faults in short. `npm run test:faults` runs each long, and beside it the same with the property
 * broken on purpose, which must fail.
 */
const seed = chooseSeed();
const noMounts = whyNoLoopMounts() ?? false;

describe(`faults of the store, seed ${seed} (BECKON_SEED repeats it)`, () => {
  const check = (name: string, run: () => Promise<Finding>, skip: string | false = false) =>
    it(name, { skip, timeout: 60_000 }, async (test) => {
      const { figure, bar, ok } = await run();
      test.diagnostic(`${figure} (bar: ${bar})`);
      assert.ok(ok, `${figure}; bar: ${bar}; seed ${seed}`);
    });
  const mustFail = (name: string, run: () => Promise<Finding>, skip: string | false = false) =>
    it(`${name} (negative control)`, { skip, timeout: 60_000 }, async (test) => {
      const { figure, ok } = await run();
      test.diagnostic(figure);
      assert.ok(!ok, `the check saw no fault: ${figure}; seed ${seed}`);
    });

  check('F01 fsync before the answer', () => traceAnswers({ calls: 50 }), whyNoStrace() ?? false);
  check('F02 power cut, SQLite', () => cutPower({ cuts: 3 }, partsOf(seed)), noMounts);
  mustFail('F02 power cut, SQLite', () => cutPower({ cuts: 2, synchronous: 'OFF' }, partsOf(seed)), noMounts);
  check('F05 PostgreSQL crashes and comes back', () => crashPostgres({ crashes: 2 }, partsOf(seed)));
  check('F06 PostgreSQL backends terminated', () => terminateBackends({ kills: 20 }, partsOf(seed)));
  check('F07 connection cut after the commit', () => cutAfterCommit({ cuts: 20, keys: 'same' }, partsOf(seed)));
  check('F08 PostgreSQL behind a black hole', () => blackHole({ holdMs: 500 }));
  check('F10 disk full, SQLite', () => fillDisk({ holdMs: 500 }), whyNoTmpfs() ?? false);
  check('F30 another program holds a snapshot', () => holdWhileServing({ holdMs: 5_000, maxWalMb: 32 }));
  check('F11 file system turns read-only, SQLite', () => breakDisk({ calls: 20 }), noMounts);
});
