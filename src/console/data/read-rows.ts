import { parse } from 'csv-parse/browser/esm/sync';

/** A record of a CSV file, and the line it begins on, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The records of a piece of a CSV file, its header among them; whether they fit the header is for others to judge. */
export function readRows(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  parse(text, {
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    on_record: (cells: string[], { lines }) => {
      // It counts up to where the record ends.
      rows.push({ line: lines - cells.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0), cells });
      return null;
    },
  });
  return rows;
}
