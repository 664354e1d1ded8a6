import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerBrokenly } from './faults/broken-answers.ts';
import { type Finding, partsOf } from './faults/fault.ts';
import { answerHugely } from './faults/huge-answers.ts';
import { takeOneDown } from './faults/one-account-down.ts';
import { stormByTheClock } from './faults/slow-down-storm.ts';
import { trickleByTheClock } from './faults/trickled-answers.ts';
import { chooseSeed } from './support/seed.ts';

/* The faults of providers in short; `npm run test:faults` runs each long, with its control. */
const seed = chooseSeed();

describe(`faults of providers, seed ${seed} (BECKON_SEED repeats it)`, () => {
  const check = (name: string, run: () => Promise<Finding>) =>
    it(name, { timeout: 60_000 }, async (test) => {
      const { figure, bar, ok } = await run();
      test.diagnostic(`${figure} (bar: ${bar})`);
      assert.ok(ok, `${figure}; bar: ${bar}; seed ${seed}`);
    });

  check('F14 answers that trickle', () => trickleByTheClock());
  check('F15 answers that are broken', () => answerBrokenly({ rounds: 1 }, partsOf(seed)));
  check('F16 answers that are huge', () => answerHugely({ rounds: 1 }));
  check('F17 a storm of 429', () => stormByTheClock(partsOf(seed)));
  check('F19 one of ten accounts down', () =>
    takeOneDown({ accounts: 10, rounds: 1, upMs: 300, downMs: 1_200, isTimed: false }, partsOf(seed)),
  );
});
