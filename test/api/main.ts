import { parseArgs } from 'node:util';
import { startRig } from '../support/http-rig.ts';
import { startPostgres } from '../support/postgres.ts';
import { chooseSeed } from '../support/seed.ts';
import { makeCalls } from './calls.ts';

/** `npm run test:api -- --calls 10000 --seed 7`: the calls of test/api-calls.test.ts, as many as you like, on each database. */
const { values } = parseArgs({ options: { calls: { type: 'string', default: '10000' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? chooseSeed());
const calls = Math.ceil(Number(values.calls) / 2);
const postgres = await startPostgres();
try {
  for (const [name, database] of [
    ['SQLite', 'sqlite::memory:'],
    ['PostgreSQL', await postgres.createDatabase()],
  ] as const) {
    const rig = await startRig({ database });
    const { seen, findings } = await makeCalls(rig, { seed, calls });
    await rig.close();
    console.log(`${name}: ${calls} calls, seed ${seed}, ${findings.length} findings`);
    console.log(
      Object.entries(seen)
        .toSorted()
        .map(([what, count]) => `  ${what}: ${count}`)
        .join('\n'),
    );
    for (const finding of findings.slice(0, 20)) console.log(`  ${finding}`);
    if (findings.length > 0) process.exitCode = 1;
  }
} finally {
  await postgres.stop();
}
