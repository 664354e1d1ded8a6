import assert from 'node:assert/strict';
import { it } from 'node:test';
import { searchAll } from './simulation/crew.ts';
import { chooseSeed } from './support/seed.ts';

/** Others every time, so that every run of the tests looks where none has looked before. */
const SEEDS = { from: chooseSeed(), count: 20_000 };

it(`simulation: ${SEEDS.count} seeds from ${SEEDS.from} (BECKON_SEED repeats them)`, {
  timeout: 880_000,
}, async (test) => {
  const { seeds, seconds, virtualMs, broken } = await searchAll(SEEDS);
  const days = (virtualMs / 86_400_000).toFixed(1);
  test.diagnostic(
    `${seeds} seeds, ${(seeds / seconds).toFixed(0)} seeds/s; ${days} days lived in ${seconds.toFixed(0)} s`,
  );
  assert.deepEqual(broken?.violations ?? [], [], `replay: node test/simulation/main.ts --seed ${broken?.seed}`);
  assert.equal(seeds, SEEDS.count);
});
