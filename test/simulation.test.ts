import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { huntAll, searchAll } from './simulation/crew.ts';
import { runTwice } from './simulation/search.ts';

/*
 * The simulation in short: always the same seeds, so what is red here is red again. `20000-seeds.test.ts` lives
 * through many more, always others.
 */
const SEEDS = { from: 1, count: 200 };
/** Each planted bug has to be found within so many seeds. */
const MOST_SEEDS = 500;

describe('simulation', () => {
  it('keeps every promise', { timeout: 120_000 }, async (test) => {
    const { seeds, seconds, broken } = await searchAll(SEEDS);
    test.diagnostic(`${seeds} seeds, ${(seeds / seconds).toFixed(0)} seeds/s`);
    const replay = `replay: node test/simulation/main.ts --seed ${broken?.seed}`;
    assert.deepEqual(broken?.violations ?? [], [], replay);
  });

  it('lives through the same seed in the same way, whatever was lived through before', async () => {
    let lines = 0;
    for (const seed of [2, 14, 57, 101, 163, 180]) {
      const [first, second] = await runTwice(seed);
      assert.deepEqual(first.trace, second.trace, `seed ${seed}`);
      assert.equal(first.traceHash, second.traceHash);
      lines += first.trace.length;
    }
    assert.ok(lines > 200, `${lines} lines`);
  });

  it('finds every planted bug (negative control)', { timeout: 230_000 }, async (test) => {
    const hunted = await huntAll({ from: 1, count: MOST_SEEDS });
    for (const { name, seeds, broken } of hunted)
      test.diagnostic(`${name}: ${broken === null ? 'not in ' : ''}${seeds}`);
    assert.ok(hunted.length >= 10);
    const missed = hunted.filter(({ broken }) => broken === null).map(({ name }) => name);
    assert.deepEqual(missed, [], `not found in ${MOST_SEEDS} seeds`);
  });
});
