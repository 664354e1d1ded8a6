import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BUGS } from './model/bugs.ts';
import { compareWithModel } from './model/run.ts';
import { checkLease, whyNoSpin } from './model/spin.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { chooseSeed } from './support/seed.ts';

describe('the model of the lease protocol', { skip: whyNoSpin() ?? false }, () => {
  it('keeps its promises in every state', (test) => {
    const { states, broken } = checkLease();
    test.diagnostic(`${states} states`);
    assert.equal(broken, null);
    assert.ok(states > 100_000, `only ${states} states were looked at`);
  });

  it('breaks one without the fence (negative control)', () => {
    assert.match(checkLease('NO_FENCE').broken ?? '', /assertion violated \(token==mine\)/);
  });
});

/* In short; `npm run test:model` does it 1,000 times on each store, and looks for every bug. */
const seed = chooseSeed();

describe(`what callers do, beside the model of the API, seed ${seed} (BECKON_SEED repeats it)`, () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  for (const store of ['SQLite', 'PostgreSQL'] as const) {
    it(`is as the model says, on ${store}`, async (test) => {
      const database = store === 'SQLite' ? 'sqlite::memory:' : await postgres.createDatabase();
      const { runs, tally, difference } = await compareWithModel({ database, runs: 10, seed, forMs: 4_000 });
      test.diagnostic(`${runs} runs, ${JSON.stringify(Object.fromEntries(tally))}`);
      assert.equal(difference, null);
      assert.ok(runs > 0);
    });
  }

  it('is not where preferences are not heeded (negative control)', async () => {
    const around = BUGS.find(({ name }) => name === 'nobody has declined anything')?.around;
    assert.ok(around);
    const options = { database: 'sqlite::memory:', runs: 200, seed: CONTROL_SEED, around, isHasty: true };
    assert.match((await compareWithModel(options)).difference ?? '', /decline by/);
  });
});

/** Of a run that comes to it soon. */
const CONTROL_SEED = 3;
