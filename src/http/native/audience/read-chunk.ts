import { Compile } from 'typebox/compile';
import { type Row, RowReader } from '../../../directory/csv-rows.ts';
import { type Line, LineSplitter } from '../../../directory/lines.ts';
import type { Problem } from '../../../directory/problem.ts';
import type { Format } from '../../../directory/read-people.ts';
import { MAX_CHUNK_RECIPIENTS } from '../../../model/audience.ts';
import type { Json } from '../../../model/json.ts';
import { findJsonFault } from '../../../model/json-guard.ts';
import type { Recipient } from '../../../model/notification.ts';
import { findMisfit } from '../../contract/explain.ts';
import { Fault } from '../../faults.ts';
import { type ForAll, readRecipient } from '../read-send.ts';
import { RECIPIENT, type RecipientBody } from '../send-body.ts';
import { type RecipientColumn, readCells, readColumns } from './csv-recipient.ts';

export interface BadLine extends Problem {
  readonly line: number;
}

export interface ReadChunk {
  readonly recipients: readonly Recipient[];
  /** Lines, exactly; the list of problems is cut. */
  readonly bad: number;
  readonly problems: readonly BadLine[];
}

const MAX_PROBLEMS = 100;

/**
 * Reads a chunk of recipients from NDJSON (a line of JSON each, as in `recipients` of a send) or CSV (columns as in
 * `csv-recipient.ts`) as it arrives. Ends with a `Fault` where there are more than one chunk may hold.
 */
export async function readChunk(chunks: AsyncIterable<Uint8Array>, format: Format, forAll: ForAll): Promise<ReadChunk> {
  const reader = new ChunkReader(format === 'csv' ? new CsvReader() : new NdjsonReader(), forAll);
  const splitter = new LineSplitter();
  for await (const chunk of chunks) reader.take(splitter.split(chunk));
  reader.take(splitter.end());
  reader.end();
  return reader;
}

/** What one line says, not judged yet. */
type Said = { readonly line: number } & ({ readonly value: Json } | { readonly fault: Problem });

class ChunkReader implements ReadChunk {
  readonly recipients: Recipient[] = [];
  bad = 0;
  readonly problems: BadLine[] = [];
  readonly #format: CsvReader | NdjsonReader;
  readonly #forAll: ForAll;

  constructor(format: CsvReader | NdjsonReader, forAll: ForAll) {
    this.#format = format;
    this.#forAll = forAll;
  }

  take(lines: readonly Line[]): void {
    for (const line of lines) for (const said of this.#format.read(line)) this.#judge(said);
  }

  end(): void {
    for (const said of this.#format.end()) this.#judge(said);
  }

  #judge(said: Said): void {
    const seq = this.recipients.length + this.bad;
    if (seq >= MAX_CHUNK_RECIPIENTS) {
      throw new Fault(
        'body_too_large',
        `a chunk holds at most ${MAX_CHUNK_RECIPIENTS} recipients; send several chunks`,
      );
    }
    const read = 'fault' in said ? said.fault : readOne(said.value, this.recipients.length, this.#forAll);
    if ('seq' in read) this.recipients.push(read);
    else {
      this.bad += 1;
      if (this.problems.length < MAX_PROBLEMS) this.problems.push({ line: said.line, ...read });
    }
  }
}

let judge: { Check(value: unknown): boolean } | null = null;

function readOne(value: Json, seq: number, forAll: ForAll): Recipient | Problem {
  judge ??= Compile(RECIPIENT);
  const fault = findJsonFault(value);
  if (fault !== null) return { field: null, message: fault };
  if (!judge.Check(value)) {
    const { pointer, sentence } = findMisfit({ ...RECIPIENT }, value) ?? { pointer: '', sentence: 'is no recipient' };
    return { field: fieldOf(pointer), message: sentence };
  }
  try {
    // It fits the schema.
    return readRecipient(value as string | RecipientBody, seq, '', forAll);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { pointer, detail } = error;
    return { field: fieldOf(pointer ?? ''), message: (detail ?? '').slice(`${pointer}: `.length) };
  }
}

/** `/parameters/name` → `parameters.name`. */
const fieldOf = (pointer: string): string | null => (pointer === '' ? null : pointer.slice(1).replaceAll('/', '.'));

class NdjsonReader {
  read({ number: line, text, fault }: Line): Said[] {
    if (fault !== null) return [{ line, fault: { field: null, message: fault } }];
    if (/^\s*$/.test(text)) return [];
    try {
      return [{ line, value: JSON.parse(text) }];
    } catch (error) {
      const message = `The line is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : error}`;
      return [{ line, fault: { field: null, message } }];
    }
  }

  end(): Said[] {
    return [];
  }
}

class CsvReader {
  readonly #rows = new RowReader();
  /** Null: the header has not come yet. Empty: it cannot be understood, and no row is worth a word. */
  #columns: readonly RecipientColumn[] | null = null;

  read(line: Line): Said[] {
    return this.#rows.read(line).flatMap((row) => this.#readRow(row));
  }

  end(): Said[] {
    return this.#rows.end().flatMap((row) => this.#readRow(row));
  }

  #readRow({ line, cells, fault }: Row): Said[] {
    if (this.#columns !== null && this.#columns.length === 0) return [];
    if (fault !== null) {
      this.#columns ??= [];
      return [{ line, fault: { field: null, message: fault } }];
    }
    if (this.#columns === null) {
      const header = readColumns(cells);
      this.#columns = 'columns' in header ? header.columns : [];
      return 'columns' in header ? [] : [{ line, fault: header }];
    }
    const read = readCells(this.#columns, cells);
    return ['value' in read ? { line, value: read.value } : { line, fault: read }];
  }
}
