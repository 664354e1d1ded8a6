/** What a figure must be: at least, or at most. */
export type Bar = { readonly least: number } | { readonly most: number };

/** One measured thing, once a round. */
export interface Figure {
  /** `S1` */
  readonly id: string;
  readonly what: string;
  readonly unit: '×' | 'ms' | 'µs' | 'MB' | '/s';
  /** In the order of the rounds; empty: it was not measured, and `note` says why. */
  readonly values: readonly number[];
  /** Null: shown, not judged. */
  readonly bar: Bar | null;
  readonly note?: string;
}

export interface Suite {
  readonly ids: readonly string[];
  run(options: SuiteOptions): Promise<readonly Figure[]>;
}

export interface SuiteOptions {
  readonly rounds: number;
  /** `quick` is a look in under two minutes, `full` the largest sizes. */
  readonly size: 'quick' | 'normal' | 'full';
  say(line: string): void;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

export function meets({ values, bar }: Figure): boolean {
  if (bar === null) return true;
  if (values.length === 0) return false;
  return 'least' in bar ? median(values) >= bar.least : median(values) <= bar.most;
}

export type Verdict = 'ok' | 'MISSED' | 'skipped' | '';

export function verdictOf(figure: Figure): Verdict {
  if (figure.values.length === 0) return 'skipped';
  if (figure.bar === null) return '';
  return meets(figure) ? 'ok' : 'MISSED';
}

export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.id,
    figure.what,
    figure.values.length === 0 ? '-' : show(median(figure.values), figure.unit),
    figure.values.length < 2 ? '' : `${plain(Math.min(...figure.values))} to ${plain(Math.max(...figure.values))}`,
    figure.bar === null ? '' : showBar(figure.bar, figure.unit),
    [verdictOf(figure), figure.note].filter(Boolean).join(': '),
  ]);
  const cells = [['#', 'what', 'median', 'lowest to highest', 'bar', ''], ...rows];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length))) ?? [];
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const showBar = (bar: Bar, unit: Figure['unit']): string =>
  'least' in bar ? `≥ ${show(bar.least, unit)}` : `≤ ${show(bar.most, unit)}`;

const show = (value: number, unit: Figure['unit']): string => `${plain(value)}${unit === '×' ? '' : ` ${unit}`}`;

function plain(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
