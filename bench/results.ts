import { readFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { type Figure, median, type SuiteOptions, type Verdict, verdictOf } from './figures.ts';

/** One run of the bench, as it is kept: `bench/results/latest.json`, and the one the documentation shows. */
export interface Results {
  /** ISO 8601 */
  readonly at: string;
  readonly size: SuiteOptions['size'];
  readonly rounds: number;
  readonly machine: { readonly processor: string; readonly cores: number; readonly memoryGb: number };
  readonly versions: {
    readonly beckon: string;
    readonly node: string;
    readonly sqlite: string;
    readonly system: string;
  };
  readonly figures: readonly ResultFigure[];
}

export interface ResultFigure extends Figure {
  /** These three are null where nothing was measured. */
  readonly median: number | null;
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly verdict: Verdict;
}

export function resultsOf(
  figures: readonly Figure[],
  { size, rounds }: Pick<SuiteOptions, 'size' | 'rounds'>,
): Results {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  const system = `${platform()} ${arch()}`;
  return {
    at: new Date().toISOString(),
    size,
    rounds,
    machine: {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1024 ** 3),
    },
    versions: { beckon: version, node: process.version, sqlite: process.versions['sqlite'] ?? 'unknown', system },
    figures: figures.map((figure) => ({ ...figure, ...spreadOf(figure.values), verdict: verdictOf(figure) })),
  };
}

function spreadOf(values: readonly number[]): Pick<ResultFigure, 'median' | 'lowest' | 'highest'> {
  if (values.length === 0) return { median: null, lowest: null, highest: null };
  return { median: median(values), lowest: Math.min(...values), highest: Math.max(...values) };
}
