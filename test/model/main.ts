import { parseArgs } from 'node:util';
import { startPostgres } from '../support/postgres.ts';
import { chooseSeed } from '../support/seed.ts';
import { BUGS } from './bugs.ts';
import { compareWithModel } from './run.ts';
import { checkLease, whyNoSpin } from './spin.ts';

/**
 * `npm run test:model -- --runs 1000 --seed 7`: the model of the lease protocol in every state, then what callers do
 * beside the model of the API, with each bug that it must find and on each store; `--store postgres`: on that one alone.
 */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, seed: { type: 'string' }, store: { type: 'string' } },
});
const [runs, seed] = [Number(values.runs), Number(values.seed ?? chooseSeed())];
let isRight = true;
const say = (isGood: boolean, line: string): void => {
  isRight &&= isGood;
  console.log(`${isGood ? 'ok' : 'FAILED'}  ${line}`);
};

const reason = whyNoSpin();
if (reason !== null) console.log(`SKIPPED: the model of the lease protocol ${reason}`);
else {
  const [sound, bugged] = [checkLease(), checkLease('NO_FENCE')];
  say(sound.broken === null, `lease.pml: ${sound.states} states, ${sound.broken ?? 'everything holds'}`);
  say(bugged.broken !== null, `lease.pml without the fence: ${bugged.broken ?? 'NOTHING WAS FOUND'}`);
}

console.log(`seed ${seed}: npm run test:model -- --runs ${runs} --seed ${seed} repeats it`);
for (const { name, around } of BUGS) {
  const { difference } = await compareWithModel({ database: 'sqlite::memory:', runs, seed, around, isHasty: true });
  say(difference !== null, `bug that must be found: ${name}${difference === null ? ' (NOTHING WAS FOUND)' : ''}`);
}
const postgres = await startPostgres();
try {
  for (const [kind, store, database] of [
    ['sqlite', 'SQLite', 'sqlite::memory:'],
    ['postgres', 'PostgreSQL', await postgres.createDatabase()],
  ] as const) {
    if (kind !== (values.store ?? kind)) continue;
    const { runs: done, tally, difference } = await compareWithModel({ database, runs, seed, most: 50 });
    const counts = [...tally].toSorted().map(([word, count]) => `${word} ${count}`);
    say(
      difference === null,
      `${store}: ${done} runs, ${counts.join(', ')}${difference === null ? '' : `\n${difference}`}`,
    );
  }
} finally {
  await postgres.stop();
}
if (!isRight) process.exitCode = 1;
