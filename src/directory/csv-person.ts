import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { parseJson, splitList } from './csv-cells.ts';
import { type AddressColumn, COLUMN_HELP, type Column, headerOf, parseHeader, placeOf } from './csv-columns.ts';
import { unguardCell } from './formula-guard.ts';
import type { FindChannel } from './parse-person.ts';
import { type Problem, quoteValue } from './problem.ts';

/** A row as the JSON of a person; both formats are judged by one parser. */
export interface CsvPerson {
  readonly json: JsonObject;
  /** The places of the addresses that come from columns: `addresses[i]` is `places[i]`. */
  readonly places: readonly string[];
}

/** Finds the columns of a header row. What is wrong with it is added to `problems`; then no row can be read. */
export function readHeader(headers: readonly string[], findChannel: FindChannel, problems: Problem[]): Column[] {
  const columns = headers.map((header) => parseHeader(header, findChannel));
  const names = columns.map((column) => (column === null ? null : headerOf(column)));
  for (const [index, name] of names.entries()) {
    const field = headers[index]?.trim() ?? '';
    if (name === null) problems.push({ field, message: explainUnknown(headers) });
    else if (names.indexOf(name) !== index) problems.push({ field, message: `is the same column as another: ${name}` });
  }
  return columns.filter((column) => column !== null);
}

function explainUnknown(headers: readonly string[]): string {
  const isOtherDialect = headers.length === 1 && /[;\t]/.test(headers[0] ?? '');
  if (isOtherDialect) return 'is one column: separate the columns by commas';
  return `is not a known column; there are ${COLUMN_HELP}`;
}

/** What is wrong with the row itself is added to `problems`; its values are not checked yet. */
export function readRow(columns: readonly Column[], cells: readonly string[], problems: Problem[]): CsvPerson {
  const draft = new Draft(problems);
  if (cells.length !== columns.length) {
    draft.report(null, `has ${cells.length} cells, the header ${columns.length}: put cells that hold commas in quotes`);
    return draft.finish();
  }
  for (const [index, column] of columns.entries()) {
    const cell = unguardCell(cells[index] ?? '');
    if (cell !== '') draft.set(column, cell);
  }
  return draft.finish();
}

/** The problem with its field named as the header does: `msteams.channelId`, not `addresses[0].channelId`. */
export function relabel(problem: Problem, places: readonly string[]): Problem {
  const [, index, key] = /^addresses\[(\d+)\]\.(?:reference\.)?(.*)$/s.exec(problem.field ?? '') ?? [];
  if (index === undefined) return problem;
  const place = places[Number(index)];
  const field = place === undefined ? `addresses[${Number(index) - places.length}].${key}` : `${place}.${key}`;
  return { ...problem, field };
}

class Draft {
  readonly #json: JsonObject = {};
  readonly #attributes: JsonObject = {};
  readonly #addresses = new Map<string, JsonObject>();
  readonly #problems: Problem[];

  constructor(problems: Problem[]) {
    this.#problems = problems;
  }

  set(column: Column, cell: string): void {
    if (column.kind === 'text') this.#json[column.key] = cell;
    else if (column.kind === 'list') this.#json[column.key] = splitList(cell);
    else if (column.kind === 'attribute') this.#attributes[column.key] = cell;
    else if (column.kind === 'address') this.#setAddress(column, cell);
    else this.#setJson(column.key, cell);
  }

  finish(): CsvPerson {
    this.#addAttributes();
    this.#addAddresses();
    return { json: this.#json, places: [...this.#addresses.keys()] };
  }

  report(field: string | null, message: string): void {
    this.#problems.push({ field, message });
  }

  #setJson(key: string, cell: string): void {
    const value = parseJson(cell);
    if (value === null) this.report(key, `${quoteValue(cell)} is not JSON`);
    this.#json[key] = value;
  }

  #setAddress(column: AddressColumn, cell: string): void {
    const place = placeOf(column);
    const { channel, name } = column;
    const address: JsonObject = this.#addresses.get(place) ?? { channel, name, reference: {} };
    this.#addresses.set(place, address);
    const { reference } = address;
    if (column.key === 'channelId') address['channelId'] = cell;
    else if (isJsonObject(reference)) reference[column.key] = cell;
  }

  #addAttributes(): void {
    const others: Json = this.#json['attributes'] ?? {};
    if (!isJsonObject(others)) return;
    for (const key of Object.keys(this.#attributes)) {
      if (Object.hasOwn(others, key)) this.report(`attributes.${key}`, 'is also in the column attributes');
    }
    this.#json['attributes'] = { ...others, ...this.#attributes };
  }

  #addAddresses(): void {
    const others: Json = this.#json['addresses'] ?? [];
    if (Array.isArray(others)) this.#json['addresses'] = [...this.#addresses.values(), ...others];
  }
}
