import { createHash } from 'node:crypto';
import { RowReader } from '../directory/csv-rows.ts';
import { type Line, LineSplitter } from '../directory/lines.ts';
import type { Format } from '../directory/read-people.ts';
import { MAX_CHUNK_RECIPIENTS } from '../model/audience.ts';

/** A piece of a file that is a file of the same kind by itself. */
export interface FileChunk {
  /** From 0 on. */
  readonly chunk: number;
  readonly body: string;
  /** Of the body, base64. */
  readonly sha256: string;
  /** Bytes of the file up to its end. */
  readonly endsAt: number;
  /** The line of the file that a line of the chunk is. */
  lineOf(line: number): number;
}

/** A line that nobody can read, and why. */
export class UnreadableLine extends Error {
  override readonly name = 'UnreadableLine';
  readonly line: number;
  constructor({ number, fault }: Line) {
    super(fault ?? '');
    this.line = number;
  }
}

const MAX_CHUNK_CHARS = 1024 * 1024;

/**
 * Cuts a file of recipients into chunks that one call takes each: the same file always into the same. The header of a
 * CSV file is repeated in each, and no record is cut in two. Throws `UnreadableLine`.
 */
export async function* cutFile(file: AsyncIterable<Uint8Array>, format: Format): AsyncGenerator<FileChunk> {
  const cutter = new Cutter(format);
  const splitter = new LineSplitter();
  for await (const bytes of file) {
    for (const line of splitter.split(bytes)) {
      const chunk = cutter.take(line);
      if (chunk !== null) yield chunk;
    }
  }
  for (const line of splitter.end()) {
    const chunk = cutter.take(line);
    if (chunk !== null) yield chunk;
  }
  const rest = cutter.rest();
  if (rest !== null) yield rest;
}

class Cutter {
  /** Null: the format has none. */
  readonly #rows: RowReader | null;
  #header: string[] | null;
  #lines: string[] = [];
  #firstLine = 1;
  #chars = 0;
  #records = 0;
  #bytes = 0;
  #chunks = 0;

  constructor(format: Format) {
    this.#rows = format === 'csv' ? new RowReader() : null;
    this.#header = format === 'csv' ? null : [];
  }

  take(line: Line): FileChunk | null {
    if (line.fault !== null) throw new UnreadableLine(line);
    const ended = this.#rows === null ? Number(line.text.trim() !== '') : this.#rows.read(line).length;
    this.#lines.push(line.text);
    this.#chars += line.text.length;
    this.#bytes += Buffer.byteLength(line.text) + 1;
    if (ended === 0) return null;
    if (this.#header === null) {
      this.#header = this.#lines;
      this.#begin(line.number + 1);
      return null;
    }
    this.#records += ended;
    return this.#records >= MAX_CHUNK_RECIPIENTS || this.#chars >= MAX_CHUNK_CHARS ? this.#cut(line.number + 1) : null;
  }

  /** What is left at the end of the file. */
  rest(): FileChunk | null {
    const open = this.#rows?.end().length ?? 0;
    return this.#records + open === 0 ? null : this.#cut(0);
  }

  #cut(nextLine: number): FileChunk {
    const header = this.#header ?? [];
    const body = [...header, ...this.#lines].map((line) => `${line}\n`).join('');
    const firstLine = this.#firstLine;
    const chunk = {
      chunk: this.#chunks++,
      body,
      sha256: createHash('sha256').update(body).digest('base64'),
      endsAt: this.#bytes,
      lineOf: (line: number) => (line <= header.length ? line : firstLine + line - header.length - 1),
    };
    this.#begin(nextLine);
    return chunk;
  }

  #begin(line: number): void {
    this.#lines = [];
    this.#firstLine = line;
    this.#chars = 0;
    this.#records = 0;
  }
}
