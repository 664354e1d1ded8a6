/**
 * Cells that a spreadsheet would run: a formula sign (ASCII, full-width or small form) at the start, or a tab or line
 * break that moves the rest into a cell of its own; also behind quotes, apostrophes and space.
 */
const RUNS = /^['"\s]*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20\uFE66\uFE62\uFE63\uFE6B\u2212]/;

/** The cell with an apostrophe before it where a spreadsheet would otherwise run it. */
export function guardCell(cell: string): string {
  return RUNS.test(cell) ? `'${cell}` : cell;
}

/**
 * Takes back what `guardCell` did, for every cell. Since apostrophes count as part of a dangerous beginning, a cell
 * that had one of its own got a second and loses only that.
 */
export function unguardCell(cell: string): string {
  return cell.startsWith("'") && RUNS.test(cell.slice(1)) ? cell.slice(1) : cell;
}
