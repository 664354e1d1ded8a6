import { readFile, writeFile } from 'node:fs/promises';

/** A row of the table as it is kept in `docs/faults.json`: what was tried, what was found, and how to try it again. */
export interface KeptRow {
  readonly test: string;
  readonly figure: string;
  readonly bar: string;
  readonly seed: number;
  readonly verdict: 'ok' | 'FAILED' | 'skipped';
  /** `2026-11-29` */
  readonly on: string;
  /** What it took; absent in rows of older runs. */
  readonly seconds?: number;
}

const DOCS = new URL('../../docs/', import.meta.url);
const [BEGIN, END] = ['<!-- faults: begin -->', '<!-- faults: end -->'];

/** The page of the documentation with these rows in it. */
export function pageOf(page: string, rows: readonly KeptRow[]): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('docs/faults.md has no place for the table');
  return `${page.slice(0, begin + BEGIN.length)}\n${tableOf(rows)}\n${page.slice(end)}`;
}

/** What is documented: of each test its last run. */
export async function readKept(): Promise<readonly KeptRow[]> {
  return JSON.parse(await readFile(new URL('faults.json', DOCS), 'utf8'));
}

/** Puts what was run into the documentation. Rows that were not run stay as they were; a skipped one replaces none. */
export async function writeDocuments(order: readonly string[], rows: readonly KeptRow[]): Promise<void> {
  const kept = new Map((await readKept()).map((row) => [row.test, row]));
  for (const row of rows) if (row.verdict !== 'skipped' || !kept.has(row.test)) kept.set(row.test, row);
  const sorted = order.flatMap((test) => kept.get(test) ?? []);
  const page = await readFile(new URL('faults.md', DOCS), 'utf8');
  await writeFile(new URL('faults.json', DOCS), `${JSON.stringify(sorted, null, 2)}\n`);
  await writeFile(new URL('faults.md', DOCS), pageOf(page, sorted));
}

function tableOf(rows: readonly KeptRow[]): string {
  const lines = rows.map(({ test, figure, bar, seed, verdict, on, seconds }) =>
    [test, figure, bar, String(seed), on, seconds === undefined ? '' : `${seconds} s`, verdict].map(cellOf).join(' | '),
  );
  return ['test | found | bar | seed | on | took | verdict', '--- | --- | --- | --- | --- | --- | ---', ...lines]
    .map((line) => `| ${line} |`)
    .join('\n');
}

const cellOf = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;');
