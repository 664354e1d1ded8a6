import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Finding, partsOf } from './faults/fault.ts';
import { writeHostile } from './faults/hostile-strings.ts';
import { compareWithModel } from './faults/like-the-model.ts';
import { callWithOneKey } from './faults/one-key.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { chooseSeed } from './support/seed.ts';

/* The faults that come in by the API, in short; `npm run test:faults` runs each long, with its control. */
const seed = chooseSeed();

describe(`faults of the API, seed ${seed} (BECKON_SEED repeats it)`, () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  const check = (name: string, run: (database: string) => Promise<Finding>) =>
    it(name, { timeout: 120_000 }, async (test) => {
      const { figure, bar, ok } = await run(await postgres.createDatabase());
      test.diagnostic(`${figure} (bar: ${bar})`);
      assert.ok(ok, `${figure}; bar: ${bar}; seed ${seed}`);
    });

  check('F39 the API beside a model of it, both stores', (database) =>
    compareWithModel({ runs: 8, lanes: 1, forMs: 20_000, mayBeFewer: true, databases: [database] }, partsOf(seed)),
  );
  check('F40 many calls at once with one Idempotency-Key, 2 nodes', (database) =>
    callWithOneKey({ keys: 5, calls: 40, nodes: 2, database }, partsOf(seed)),
  );
  check('F42 hostile texts, both stores', (database) =>
    writeHostile({ share: 0.2, unseen: 5, database }, partsOf(seed)),
  );
});
