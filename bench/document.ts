import { readFile, writeFile } from 'node:fs/promises';
import { median, tableOf } from './figures.ts';
import { type Column, plot } from './plot.ts';
import type { Results } from './results.ts';

const DOCS = new URL('../docs/', import.meta.url);
const [BEGIN, END] = ['<!-- bench: begin -->', '<!-- bench: end -->'];

/** Files of `docs/` that are made from one run, by name. */
export function documentsOf(results: Results, page: string): ReadonlyMap<string, string> {
  return new Map([
    ['performance.json', `${JSON.stringify(results, null, 2)}\n`],
    ['performance.md', replaceTable(page, results)],
    [
      'performance-growth.svg',
      plot('Processor time of a delivery as ever more recipients wait', 'µs', growth(results)),
    ],
    ['performance-urgent.svg', plot('Urgent messages beside a crowd, from call to provider', 'ms', urgent(results))],
  ]);
}

/** Puts a run into the documentation. */
export async function writeDocuments(results: Results): Promise<void> {
  const page = await readFile(new URL('performance.md', DOCS), 'utf8');
  for (const [name, content] of documentsOf(results, page)) await writeFile(new URL(name, DOCS), content);
}

function replaceTable(page: string, results: Results): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('docs/performance.md has no place for the table');
  const { machine, versions, at, size, rounds } = results;
  const said =
    `Measured ${at.slice(0, 10)}, size \`${size}\`, ${rounds} rounds at most, on ${machine.cores} cores ` +
    `(${machine.processor}), ${machine.memoryGb} GB, ${versions.system}, Node ${versions.node}, SQLite ${versions.sqlite}.`;
  const table = ['```text', tableOf(results.figures), '```'].join('\n');
  return `${page.slice(0, begin + BEGIN.length)}\n${said}\n\n${table}\n${page.slice(end)}`;
}

const COST = 'processor a delivery, ';

/** What S6 allows: 15 % more than with the least waiting. */
function growth({ figures }: Results): Column[] {
  const costs = figures.filter(({ id, what }) => id === 'S6' && what.startsWith(COST));
  const limit = median(costs[0]?.values ?? []) * 1.15;
  return costs.map(({ what, values }) => ({ name: what.slice(COST.length), values, limit }));
}

function urgent({ figures }: Results): Column[] {
  return figures.flatMap(({ id, what, values, bar }) =>
    id === 'S8' && bar !== null && 'most' in bar ? [{ name: what, values, limit: bar.most }] : [],
  );
}
