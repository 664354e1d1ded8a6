/** A part of a file of lines that is a file of the same kind by itself. */
export interface Piece {
  /** From 0 on. */
  readonly number: number;
  readonly text: string;
  /** How many people it is about. */
  readonly records: number;
  /** Share of the file that was read when it was complete. */
  readonly share: number;
  /** The line of the file that a line of the piece is. */
  lineOf(line: number): number;
}

export type FileFormat = 'csv' | 'ndjson';

/** A file that cannot be read as what it is called. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

export function formatOf(name: string): FileFormat | null {
  if (/\.csv$/i.test(name)) return 'csv';
  return /\.(ndjson|jsonl)$/i.test(name) ? 'ndjson' : null;
}

export const mediaTypeOf = (format: FileFormat) => (format === 'csv' ? 'text/csv' : 'application/x-ndjson');

/** Less than the server takes of a chunk. */
const MAX_PIECE_CHARS = 1024 * 1024;
/** A quote that is never closed would make the rest of the file one record. */
const MAX_RECORD_CHARS = 64 * 1024;

/**
 * Cuts a file into pieces of so many records: the same file always into the same. The header of a CSV file is repeated in
 * each, and no record is cut in two. Throws `UnreadableFile`.
 */
export async function* cutFile(
  file: Blob,
  { format, records: most }: { readonly format: FileFormat; readonly records: number },
): AsyncGenerator<Piece, void, undefined> {
  const cutter = new Cutter(format);
  const reader = file.stream().getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [read, rest] = [0, ''];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      read += value?.length ?? 0;
      const lines = (rest + decode(decoder, value)).split('\n');
      // The last line of a file may be without an end.
      rest = done ? '' : (lines.pop() ?? '');
      for (const line of lines) {
        cutter.take(line);
        if (cutter.records >= most || cutter.chars >= MAX_PIECE_CHARS) yield cutter.cut(read / file.size);
      }
      if (done) break;
    }
  } finally {
    await reader.cancel();
  }
  if (cutter.isOpen) throw new UnreadableFile(`Line ${cutter.recordLine}: a quote is opened and never closed.`);
  if (cutter.records > 0) yield cutter.cut(1);
}

function decode(decoder: TextDecoder, bytes: Uint8Array<ArrayBuffer> | undefined): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw new UnreadableFile('It is not in UTF-8: save it as “CSV UTF-8”, and choose it again.');
  }
}

class Cutter {
  records = 0;
  chars = 0;
  isOpen = false;
  recordLine = 1;
  #header: string[] | null;
  #lines: string[] = [];
  #record: string[] = [];
  #firstLine = 1;
  #line = 0;
  #pieces = 0;
  readonly #isCsv: boolean;

  constructor(format: FileFormat) {
    this.#isCsv = format === 'csv';
    this.#header = this.#isCsv ? null : [];
  }

  take(line: string): void {
    this.#line += 1;
    if (!this.isOpen) this.recordLine = this.#line;
    this.#record.push(line);
    // A quote inside a cell is doubled, which changes nothing here.
    if (this.#isCsv && (line.match(/"/g)?.length ?? 0) % 2 === 1) this.isOpen = !this.isOpen;
    if (!this.isOpen) this.#endRecord();
    else if (this.#record.join('\n').length > MAX_RECORD_CHARS)
      throw new UnreadableFile(`Line ${this.recordLine}: a quote is opened and not closed in the lines after it.`);
  }

  #endRecord(): void {
    const lines = this.#record;
    this.#record = [];
    const isBlank = lines.length === 1 && (lines[0] ?? '').trim() === '';
    if (this.#header === null && !isBlank) {
      this.#header = lines;
      this.#firstLine = this.#line + 1;
      return;
    }
    this.#lines.push(...lines);
    this.chars += lines.reduce((sum, line) => sum + line.length + 1, 0);
    if (!isBlank) this.records += 1;
  }

  cut(share: number): Piece {
    const header = this.#header ?? [];
    const first = this.#firstLine;
    const piece = {
      number: this.#pieces++,
      text: [...header, ...this.#lines].map((line) => `${line}\n`).join(''),
      records: this.records,
      share,
      lineOf: (line: number) => (line <= header.length ? line : first + line - header.length - 1),
    };
    this.#lines = [];
    this.#firstLine = this.#line + 1;
    this.records = 0;
    this.chars = 0;
    return piece;
  }
}
