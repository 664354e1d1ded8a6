import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setClocks } from './faults/clock-jumps.ts';
import { exhaustDescriptors, whyNoPrlimit } from './faults/descriptors.ts';
import { fillDisk, whyNoTmpfs } from './faults/disk-full.ts';
import { fallDue } from './faults/due-together.ts';
import { type Finding, partsOf } from './faults/fault.ts';
import { startAgain } from './faults/second-process.ts';
import { worsenLink } from './faults/slow-link.ts';
import { chooseSeed } from './support/seed.ts';

/* The faults of what a server stands on (clocks, disks, links, descriptors) in short; `npm run test:faults` is the long form. */
const seed = chooseSeed();

describe(`faults around a server, seed ${seed} (BECKON_SEED repeats it)`, () => {
  const check = (name: string, run: () => Promise<Finding>, skip: string | false = false) =>
    it(name, { skip, timeout: 60_000 }, async (test) => {
      const { figure, bar, ok } = await run();
      test.diagnostic(`${figure} (bar: ${bar})`);
      assert.ok(ok, `${figure}; bar: ${bar}; seed ${seed}`);
    });

  check('F09 a slow and broken link to PostgreSQL', () =>
    worsenLink({ backlog: 1, baseMs: 100, worseMs: 500, leaseMs: 2_000, judgesRates: false }, partsOf(seed)),
  );
  check('F10 volume of PostgreSQL full', () => fillDisk({ holdMs: 200, postgres: true }), whyNoTmpfs() ?? false);
  check('F11 no descriptor left', () => exhaustDescriptors({ calls: 10 }), whyNoPrlimit() ?? false);
  check('F12 clock set while it runs, SQLite', () => setClocks({ postgres: false, betweenMs: 500, injected: true }));
  check('F29 a second process on the same SQLite folder', () => startAgain({ seconds: 1, withinMs: null }));
  check('F33 deliveries that fall due together', () =>
    fallDue({ notifications: 1, perSecond: 2_500, quietMs: 0, judgesTimes: false }),
  );
});
