/** Rows as CSV (RFC 4180), each with its line break; a cell that would be taken for more than one is quoted. */
export const writeRows = (rows: readonly (readonly string[])[]): string =>
  rows.map((cells) => `${cells.map(quoteWhereNeeded).join(',')}\r\n`).join('');

const quoteWhereNeeded = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
