import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { Person } from '../model/person.ts';
import type { Column } from './csv-columns.ts';
import { readHeader, readRow, relabel } from './csv-person.ts';
import { type Row, RowReader } from './csv-rows.ts';
import { type Line, LineSplitter } from './lines.ts';
import { MAX_PERSON_BYTES, type PersonContext, parsePerson } from './parse-person.ts';
import type { Problem } from './problem.ts';

export const FORMATS = ['ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** What one line holds: a person, or everything that is wrong with it. */
export type PersonLine =
  | { readonly line: number; readonly person: Person }
  | { readonly line: number; readonly person: null; readonly problems: readonly Problem[] };

/** The CSV header cannot be understood, so no line can; nothing was read. */
export class UnreadableHeader extends Error {
  override readonly name = 'UnreadableHeader';
  readonly line: number;
  readonly problems: readonly Problem[];
  constructor(line: number, problems: readonly Problem[]) {
    super('The header of the CSV file cannot be understood');
    this.line = line;
    this.problems = problems;
  }
}

export interface ReadContext extends PersonContext {
  readonly format: Format;
}

/**
 * Reads people from NDJSON (one object a line, as in `person-json.ts`) or CSV (RFC 4180 with a header, columns as in
 * `csv-columns.ts`), in UTF-8, in constant memory. Blank lines are passed over. Throws `UnreadableHeader`.
 * What a chunk completes comes together: a promise for every line would cost more than the reading.
 */
export async function* readPeople(
  chunks: AsyncIterable<Uint8Array>,
  context: ReadContext,
): AsyncGenerator<readonly PersonLine[], void, undefined> {
  const splitter = new LineSplitter();
  const reader = context.format === 'csv' ? new CsvReader(context) : new NdjsonReader(context);
  for await (const chunk of chunks) yield splitter.split(chunk).flatMap((line) => reader.read(line));
  yield [...splitter.end().flatMap((line) => reader.read(line)), ...reader.end()];
}

class NdjsonReader {
  readonly #context: PersonContext;

  constructor(context: PersonContext) {
    this.#context = context;
  }

  read(line: Line): PersonLine[] {
    if (line.fault !== null) return [bad(line.number, { field: null, message: line.fault })];
    if (/^\s*$/.test(line.text)) return [];
    const json = parseLine(line.text);
    if (typeof json === 'string') return [bad(line.number, { field: null, message: json })];
    const problems: Problem[] = [];
    const person = parseBounded(json, line.text.length, this.#context, problems);
    return [person === null ? bad(line.number, ...problems) : { line: line.number, person }];
  }

  end(): PersonLine[] {
    return [];
  }
}

/** The object of a line, or the sentence why there is none. */
function parseLine(text: string): JsonObject | string {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : 'The line is not a JSON object: write one person a line';
  } catch (error) {
    return `The line is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : error}`;
  }
}

class CsvReader {
  readonly #rows = new RowReader();
  readonly #context: PersonContext;
  #columns: readonly Column[] | null = null;
  #headerLength = 0;

  constructor(context: PersonContext) {
    this.#context = context;
  }

  read(line: Line): PersonLine[] {
    return this.#rows.read(line).flatMap((row) => this.#readRow(row));
  }

  end(): PersonLine[] {
    return this.#rows.end().flatMap((row) => this.#readRow(row));
  }

  #readRow(row: Row): PersonLine[] {
    if (this.#columns === null) {
      this.#columns = this.#readHeader(row);
      this.#headerLength = lengthOf(row);
      return [];
    }
    return [
      row.fault === null ? this.#readPerson(row, this.#columns) : bad(row.line, { field: null, message: row.fault }),
    ];
  }

  #readHeader(row: Row): Column[] {
    const problems: Problem[] = row.fault === null ? [] : [{ field: null, message: row.fault }];
    const columns = row.fault === null ? readHeader(row.cells, this.#context.findChannel, problems) : [];
    if (problems.length > 0) throw new UnreadableHeader(row.line, problems);
    return columns;
  }

  #readPerson(row: Row, columns: readonly Column[]): PersonLine {
    const problems: Problem[] = [];
    const { json, places } = readRow(columns, row.cells, problems);
    if (problems.length > 0) return bad(row.line, ...problems);
    const person = parseBounded(json, this.#headerLength + lengthOf(row), this.#context, problems);
    if (person !== null) return { line: row.line, person };
    return bad(row.line, ...problems.map((problem) => relabel(problem, places)));
  }
}

const lengthOf = (row: Row): number => row.cells.reduce((sum, cell) => sum + cell.length + 1, 0);

/** Measures only where it could matter: a character takes at most six bytes of JSON, and a key or comma a few more. */
function parseBounded(json: JsonObject, length: number, context: PersonContext, problems: Problem[]): Person | null {
  const person = parsePerson(json, context, problems);
  if (person === null || length < MAX_PERSON_BYTES / 10) return person;
  const bytes = Buffer.byteLength(JSON.stringify(json));
  if (bytes <= MAX_PERSON_BYTES) return person;
  problems.push({ field: null, message: `The person takes ${bytes} bytes as JSON; at most ${MAX_PERSON_BYTES} fit` });
  return null;
}

function bad(line: number, ...problems: Problem[]): PersonLine {
  return { line, person: null, problems };
}
