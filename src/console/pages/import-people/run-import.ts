import type { Client } from '../../../client/client.ts';
import type { ImportReport } from '../../../client/people.ts';
import { cutFile, type FileFormat, mediaTypeOf, type Piece } from '../../data/file-pieces.ts';
import { LEFT_OUT } from './columns.ts';

export interface LineFault {
  readonly line: number;
  readonly field: string | null;
  readonly message: string;
}

/** How far an import is; `faults` is cut, the numbers are not. */
export interface Imported {
  readonly share: number;
  readonly read: number;
  readonly imported: number;
  readonly bad: number;
  readonly faults: readonly LineFault[];
}

export interface ImportAsked {
  readonly botId: string;
  readonly file: Blob;
  readonly format: FileFormat;
  /** What each column of a CSV file is imported as, in their order. */
  readonly targets: readonly string[];
  readonly signal: AbortSignal;
  readonly tell: (imported: Imported) => void;
}

/** So that something is seen to move, and a lost answer costs little. */
const RECORDS_OF_PIECE = 1_000;
const MOST_FAULTS = 10_000;

/** Imports a file piece by piece: a browser can neither stream a body everywhere nor tell how much of one was sent. */
export async function runImport(client: Client, asked: ImportAsked): Promise<Imported> {
  const { botId, file, format, signal, tell } = asked;
  let sum: Imported = { share: 0, read: 0, imported: 0, bad: 0, faults: [] };
  for await (const piece of cutFile(file, { format, records: RECORDS_OF_PIECE })) {
    signal.throwIfAborted();
    const { text, faults, originOf } = format === 'csv' ? await mapPiece(piece, asked.targets) : asItIs(piece);
    const report: ImportReport =
      text === ''
        ? { read: 0, imported: 0, bad: 0, errors: [] }
        : await client.importPeople({ botId, people: text, mediaType: mediaTypeOf(format), signal });
    const found = [...faults, ...report.errors.map(originOf)].sort((one, other) => one.line - other.line);
    sum = {
      share: piece.share,
      read: sum.read + report.read + faults.length,
      imported: sum.imported + report.imported,
      bad: sum.bad + report.bad + faults.length,
      faults: [...sum.faults, ...found].slice(0, MOST_FAULTS),
    };
    tell(sum);
  }
  return sum;
}

interface Mapped {
  /** What the server is sent; empty: nothing of the piece is good enough. */
  readonly text: string;
  readonly faults: readonly LineFault[];
  /** What the server says of a line, said of the line of the file. */
  readonly originOf: (fault: LineFault) => LineFault;
}

const asItIs = (piece: Piece): Mapped => ({
  text: piece.text,
  faults: [],
  originOf: (fault) => ({ ...fault, line: piece.lineOf(fault.line) }),
});

/** The columns that are imported, under the names the directory has for them. */
async function mapPiece(piece: Piece, targets: readonly string[]): Promise<Mapped> {
  const { readRows } = await import('../../data/read-rows.ts');
  const [header, ...rows] = readRows(piece.text);
  const columns = (header?.cells ?? []).flatMap((name, index) => {
    const target = targets[index] ?? LEFT_OUT;
    return target === LEFT_OUT ? [] : [{ name: name.trim(), target, index }];
  });
  const faults: LineFault[] = [];
  const lines = [writeRow(columns.map(({ target }) => target))];
  const origins = new Map<number, number>();
  let next = 2;
  for (const { line, cells } of rows) {
    const at = piece.lineOf(line);
    if (cells.length !== targets.length) {
      const message = `Has ${cells.length} cells, the header ${targets.length}: put cells that hold commas in quotes.`;
      faults.push({ line: at, field: null, message });
      continue;
    }
    const row = writeRow(columns.map(({ index }) => cells[index] ?? ''));
    origins.set(next, at);
    lines.push(row);
    next += row.split('\n').length - 1;
  }
  const nameOf = new Map(columns.map(({ target, name }) => [target, name]));
  return {
    text: origins.size === 0 ? '' : lines.join(''),
    faults,
    originOf: ({ line, field, message }) => ({
      line: origins.get(line) ?? piece.lineOf(line),
      field: field === null ? null : (nameOf.get(field) ?? field),
      message,
    }),
  };
}

/** RFC 4180. */
const writeRow = (cells: readonly string[]): string =>
  `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`;

/** The faults as a file. What a spreadsheet would take for a formula is kept from being one. */
export const faultsAsCsv = (faults: readonly LineFault[]): Blob =>
  new Blob(
    [
      ['line', 'field', 'message'],
      ...faults.map(({ line, field, message }) => [String(line), field ?? '', message]),
    ].map((cells) => writeRow(cells.map((cell) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell)))),
    { type: 'text/csv' },
  );
