import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BUGS, plant } from './simulation/bugs.ts';
import { hunt, runTwice, search } from './simulation/search.ts';

/*
 * The simulation in short: always the same seeds, so what is red here is red again. `npm run test:simulation` runs many
 * more, and hunts every planted bug.
 */
const SEEDS = { from: 1, count: 200 };
/** Those that few seeds show. */
const QUICKLY_FOUND = 10;
const FEW_SEEDS = 60;

describe('simulation', { timeout: 120_000 }, () => {
  it('keeps every promise', async (test) => {
    const { seeds, seconds, broken } = await search(SEEDS);
    test.diagnostic(`${seeds} seeds, ${(seeds / seconds).toFixed(0)} seeds/s`);
    const replay = `replay: node test/simulation/main.ts --seed ${broken?.seed}`;
    assert.deepEqual(broken?.violations ?? [], [], replay);
  });

  it('lives through the same seed in the same way', async () => {
    for (const seed of [2, 14, 101, 163]) {
      const [first, second] = await runTwice(seed);
      assert.ok(first.trace.length > 10);
      assert.equal(first.traceHash, second.traceHash, `seed ${seed}`);
    }
  });

  it('can plant the bugs that take many seeds', () => {
    for (const bug of BUGS.filter(({ isSubtle }) => isSubtle === true)) plant(bug).remove();
  });

  it('finds planted bugs within few seeds (negative control)', async (test) => {
    let found = 0;
    for (const bug of BUGS.filter(({ isSubtle }) => isSubtle !== true)) {
      const { seeds, broken } = await hunt(bug, { from: 1, count: FEW_SEEDS });
      test.diagnostic(`${bug.name}: ${broken === null ? 'not found in ' : ''}${seeds}`);
      if (broken !== null) found += 1;
    }
    assert.ok(found >= QUICKLY_FOUND, `found ${found}`);
  });
});
