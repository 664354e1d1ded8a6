import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Finding, partsOf } from './faults/fault.ts';
import { killServer } from './faults/kill.ts';
import { killGathering } from './faults/kill-gathering.ts';
import { killRotation } from './faults/kill-rotation.ts';
import { EXPANDS, rollOutAndBack } from './faults/mixed-versions.ts';
import { overrunInShort } from './faults/overload.ts';
import { fallSilent } from './faults/provider-down.ts';
import { restartInTurn } from './faults/rolling-restart.ts';
import { stopPastLease } from './faults/sigstop.ts';
import { crawlInShort, HURRIED } from './faults/slow-clients.ts';
import { chooseSeed } from './support/seed.ts';

/* The faults of whole processes in short; `npm run test:faults` runs each long, with its control. */
const seed = chooseSeed();

describe(`faults of processes, seed ${seed} (BECKON_SEED repeats it)`, () => {
  const check = (name: string, run: () => Promise<Finding>) =>
    it(name, { timeout: 120_000 }, async (test) => {
      const { figure, bar, ok } = await run();
      test.diagnostic(`${figure} (bar: ${bar})`);
      assert.ok(ok, `${figure}; bar: ${bar}; seed ${seed}`);
    });

  check('F03 kill -9 of the server', () => killServer({ kills: 2, waiting: 10, isTimed: false }, partsOf(seed)));
  check('F03 kill -9 amid an edit, a recall, a filter and an upload', () =>
    killGathering({ kills: 2, people: 1_200 }, partsOf(seed)),
  );
  // In the middle of a write, right after another, and as an app is given its other key.
  const amidRotation = [
    { of: 'master key', at: 5 },
    { of: 'master key', at: 10 },
    { of: 'app', at: 2 },
  ] as const;
  check('F03 kill -9 amid a rotation of secrets', () => killRotation({ moments: amidRotation }));
  check('F04 SIGSTOP past the lease', () => stopPastLease({ stops: 1 }, partsOf(seed)));
  check('F13 a provider that never answers', () => fallSilent({ calls: 50, shared: false, graceMs: 1_000 }));
  check('F23 more callers than can be served', () =>
    overrunInShort({ callers: 64, times: null, warmUpMs: 400, rounds: 1, roundMs: 400, script: HURRIED }),
  );
  check('F24 slow and silent clients', () =>
    crawlInShort({ sockets: 60, patienceMs: 30_000, goodCalls: 10, script: HURRIED }),
  );
  check('F28 rolling restart of three nodes', () => restartInTurn({ restarts: 3 }, partsOf(seed)));
  // The next version takes one place, and this one starts after it on its schema.
  const isNext = (restart: number) => restart === 0;
  check('F35 two versions on one database', () => rollOutAndBack({ restarts: 2, isNext, ...EXPANDS }, partsOf(seed)));
});
