import type { Json, JsonObject } from '../model/json.ts';
import type { Person, PersonAddress } from '../model/person.ts';
import { joinList } from './csv-cells.ts';
import { type Column, columnsOf, FIXED_COLUMNS, headerOf, parseHeader } from './csv-columns.ts';
import { writeRows } from './csv-lines.ts';
import { guardCell } from './formula-guard.ts';
import type { FindChannel } from './parse-person.ts';
import { addressToJson } from './person-json.ts';

const MAX_EXTRA_COLUMNS = 200;

/**
 * Writes people as CSV in one pass. The first page decides which attributes and addresses get columns of their own
 * (ids being hashes, it is a fair sample); what a later person has beyond them goes whole into the JSON columns
 * `attributes` and `addresses`, so nothing is lost. No cell runs in a spreadsheet.
 */
export class CsvWriter {
  readonly #headers: readonly string[];
  readonly #index: ReadonlyMap<string, number>;

  constructor(firstPage: readonly Person[], findChannel: FindChannel) {
    const extra = firstPage.flatMap(extraColumns).filter((column) => isReread(column, findChannel));
    const headers = [...new Set(extra.map(headerOf))].sort().slice(0, MAX_EXTRA_COLUMNS);
    this.#headers = [...FIXED_COLUMNS.map(headerOf), ...headers];
    this.#index = new Map(this.#headers.map((header, index) => [header, index]));
  }

  header(): string {
    return writeRows([this.#headers]);
  }

  page(people: readonly Person[]): string {
    return writeRows(people.map((person) => this.#row(person).map(guardCell)));
  }

  #row(person: Person): string[] {
    const cells = this.#headers.map(() => '');
    const { id, email, upn, phone, name, locale, timeZone } = person;
    for (const [key, value] of Object.entries({ id, email, upn, phone, name, locale, timeZone })) {
      this.#put(cells, key, value ?? '');
    }
    this.#put(cells, 'identities', joinList(person.identities));
    this.#put(cells, 'tags', joinList(person.tags));
    this.#put(cells, 'attributes', toCell(this.#putAttributes(cells, person.attributes)));
    this.#put(cells, 'addresses', toCell(this.#putAddresses(cells, person.addresses)));
    return cells;
  }

  /** Answers the attributes that have no column. */
  #putAttributes(cells: string[], attributes: JsonObject): JsonObject {
    const others: JsonObject = {};
    for (const [key, value] of Object.entries(attributes)) {
      const header = headerOf({ kind: 'attribute', key });
      if (isCellText(value) && this.#index.has(header)) this.#put(cells, header, value);
      else others[key] = value;
    }
    return others;
  }

  /** Answers the addresses that do not fit the columns, each whole. */
  #putAddresses(cells: string[], addresses: readonly PersonAddress[]): JsonObject[] {
    return addresses.flatMap((address) => {
      const columns = addressColumns(address);
      const fits = columns.length > 0 && columns.every((column) => this.#index.has(headerOf(column)));
      if (!fits) return [addressToJson(address)];
      for (const column of columns) this.#put(cells, headerOf(column), valueAt(address, column.key));
      return [];
    });
  }

  #put(cells: string[], header: string, value: string): void {
    const index = this.#index.get(header);
    if (index !== undefined) cells[index] = value;
  }
}

function extraColumns(person: Person): Column[] {
  const attributes = Object.entries(person.attributes).flatMap(([key, value]): Column[] =>
    isCellText(value) ? [{ kind: 'attribute', key }] : [],
  );
  return [...attributes, ...person.addresses.flatMap(addressColumns)];
}

/** The columns of an address; none when one of its keys would be misread in a header, or a value in a cell. */
function addressColumns(address: PersonAddress): (Column & { readonly kind: 'address' })[] {
  const isPlain = Object.entries(address.reference ?? {}).every(
    ([key, value]) => /^[\w-]{1,64}$/.test(key) && key !== 'channelId' && isCellText(value),
  );
  return isPlain ? columnsOf(address) : [];
}

/** An empty cell reads as absent, so an empty text is no text for a cell. */
const isCellText = (value: Json): value is string => typeof value === 'string' && value !== '';

/** Does the importer take the header for the same column? */
function isReread(column: Column, findChannel: FindChannel): boolean {
  return JSON.stringify(parseHeader(headerOf(column), findChannel)) === JSON.stringify(column);
}

function valueAt(address: PersonAddress, key: string): string {
  return key === 'channelId' ? address.channelId : (address.reference?.[key] ?? '');
}

const toCell = (value: JsonObject | JsonObject[]): string =>
  Object.keys(value).length === 0 ? '' : JSON.stringify(value);
