import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { accept } from './accept.ts';
import { deliveries } from './deliveries.ts';
import { writeDocuments } from './document.ts';
import { type Figure, type Suite, type SuiteOptions, tableOf, verdictOf } from './figures.ts';
import { growth } from './growth.ts';
import { latency } from './latency.ts';
import { rendering } from './rendering.ts';
import { type Results, resultsOf } from './results.ts';
import { status } from './status.ts';
import { urgent } from './urgent.ts';

/**
 * Everything that is claimed about speed, as ratios that are measured side by side in one run, with medians and
 * spreads. Writes the figures to bench/results/latest.json as well, and with --write-docs into docs/performance.md.
 *   npm run bench [-- --quick | --full] [--only S1,S4] [--rounds 5] [--write-docs]
 */
const SUITES: readonly Suite[] = [deliveries, accept, status, growth, urgent, rendering, latency];

async function main(): Promise<void> {
  const figures: Figure[] = [];
  for (const suite of SUITES.filter(({ ids }) => wanted.length === 0 || ids.some((id) => wanted.includes(id)))) {
    const startedAt = performance.now();
    figures.push(...(await suite.run(options)));
    say(`${suite.ids.join(', ')} took ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  }
  console.log(`\n${tableOf(figures)}`);
  const results = resultsOf(figures, options);
  await keep(results);
  if (values['write-docs']) await writeDocuments(results);
  process.exitCode = figures.some((figure) => verdictOf(figure) === 'MISSED') ? 1 : 0;
}

async function keep(results: Results): Promise<void> {
  const folder = new URL('results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL('latest.json', folder), `${JSON.stringify(results, null, 2)}\n`);
}

function say(line: string): void {
  console.error(line);
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
  },
});
const wanted = values.only.split(',').filter((id) => id !== '');
const size = values.quick ? 'quick' : values.full ? 'full' : 'normal';
const options: SuiteOptions = { rounds: Number(values.rounds ?? (values.quick ? 1 : 5)), size, say };
await main();
