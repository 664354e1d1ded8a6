import { parseArgs } from 'node:util';
import { huntAll, searchAll } from './crew.ts';
import { runTwice } from './search.ts';

/*
 * node test/simulation/main.ts                     20,000 clean seeds, and the planted bugs
 * node test/simulation/main.ts --seeds 500         fewer; --from N begins elsewhere
 * node test/simulation/main.ts --bugs fence        only planted bugs with this in their name, no clean seeds
 * node test/simulation/main.ts --seed 184          one seed, with everything that happened in it
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '20000' },
    from: { type: 'string', default: '1' },
    bugs: { type: 'string' },
  },
});
const MOST_SEEDS = 500;

if (values.seed !== undefined) await replay(Number(values.seed));
else {
  if (values.bugs === undefined) await runClean(Number(values.from), Number(values.seeds));
  await showBugs(values.bugs ?? '');
}

async function replay(seed: number): Promise<void> {
  const [first, second] = await runTwice(seed);
  for (const line of first.trace) console.log(line);
  console.log(
    `\nseed ${seed}: ${first.violations.length === 0 ? 'every promise was kept' : first.violations.join('\n')}`,
  );
  if (first.traceHash !== second.traceHash) {
    console.log('its second run was another: something in it does not come from the seed');
    process.exitCode = 1;
  }
  if (first.violations.length > 0) process.exitCode = 1;
}

async function runClean(from: number, count: number): Promise<void> {
  const { seeds, seconds, virtualMs, broken } = await searchAll({ from, count });
  const hours = (virtualMs / 3_600_000).toFixed(1);
  console.log(`${seeds} seeds, ${(seeds / seconds).toFixed(0)} seeds/s; ${hours} h lived in ${seconds.toFixed(1)} s`);
  if (broken === null) return;
  for (const violation of broken.violations) console.log(`BROKEN ${violation}`);
  console.log(`replay: node test/simulation/main.ts --seed ${broken.seed}`);
  process.exitCode = 1;
}

async function showBugs(part: string): Promise<void> {
  console.log('\n| planted bug | seeds needed | what was seen |\n|---|---|---|');
  for (const { name, seeds, broken } of await huntAll({ from: Number(values.from), count: MOST_SEEDS }, part)) {
    console.log(`| ${name} | ${broken === null ? `NOT FOUND in ${seeds}` : seeds} | ${broken?.violations[0] ?? ''} |`);
    if (broken === null) process.exitCode = 1;
  }
}
