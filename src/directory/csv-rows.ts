import { type Line, MAX_LINE_BYTES } from './lines.ts';

/** One CSV record, known by the line it begins on; `fault` says why its cells cannot be used. */
export interface Row {
  readonly line: number;
  readonly cells: readonly string[];
  readonly fault: string | null;
}

const STRAY_QUOTE = 'A quote stands inside a cell: put the whole cell in quotes and double the quotes in it';
const NOT_CLOSED = 'A quoted cell is never closed: the closing quote is missing';
const CELL_TOO_LONG = `A quoted cell does not end within ${MAX_LINE_BYTES / 1024} KiB: the closing quote is missing`;

/**
 * Assembles RFC 4180 records from lines. What a parser library does not give us: the true line of every record, a bound
 * on what one record may hold (commas included), and recovery: a missing quote costs the line it stands on, and the
 * lines that it seemed to swallow are read again on their own.
 */
export class RowReader {
  /** The lines of a record whose quoted cell goes on, and the scan that continues with the next one. */
  #open: Line[] = [];
  #openLength = 0;
  #scan = new CellScan();

  /** The records that this line completes, mostly one; blank lines complete none. */
  read(line: Line): Row[] {
    return this.#open.length === 0 ? this.#begin(line) : this.#goOn(line);
  }

  /** The records that were still open when the input ended. */
  end(): Row[] {
    const rows: Row[] = [];
    while (this.#open.length > 0) rows.push(...this.#giveUp(NOT_CLOSED));
    return rows;
  }

  #begin(line: Line): Row[] {
    if (line.fault !== null) return [{ line: line.number, cells: [], fault: line.fault }];
    if (line.text === '' || line.text === '\r') return [];
    if (!line.text.includes('"'))
      return [{ line: line.number, cells: withoutReturn(line.text).split(','), fault: null }];
    this.#scan = new CellScan();
    this.#openLength = 0;
    return this.#take(line, line.text);
  }

  #goOn(line: Line): Row[] {
    if (line.fault === null) return this.#take(line, `\n${line.text}`);
    this.#open.push(line);
    return this.#giveUp(NOT_CLOSED);
  }

  #take(line: Line, text: string): Row[] {
    this.#open.push(line);
    this.#openLength += text.length;
    if (this.#openLength > MAX_LINE_BYTES) return this.#giveUp(CELL_TOO_LONG);
    const state = this.#scan.add(text);
    if (state === 'open') return [];
    if (state === 'stray-quote') return this.#giveUp(STRAY_QUOTE);
    const row: Row = { line: this.#open[0]?.number ?? line.number, cells: this.#scan.cells, fault: null };
    this.#open = [];
    return [row];
  }

  /**
   * Blames the first open line and reads the others afresh. Each byte is read at most twice: a line that would open
   * another quoted cell has an odd number of quotes, and such a line ends the search of the one before it.
   */
  #giveUp(fault: string): Row[] {
    const [first, ...others] = this.#open;
    this.#open = [];
    if (first === undefined) return [];
    return [{ line: first.number, cells: [], fault }, ...others.flatMap((line) => this.read(line))];
  }
}

/** Cuts the text of one record into cells; fed line by line while a quoted cell is open. */
class CellScan {
  readonly cells: string[] = [];
  #inQuotes = false;
  #quoted = '';

  add(text: string): 'done' | 'open' | 'stray-quote' {
    let at = 0;
    for (;;) {
      if (!this.#inQuotes && text[at] === '"') {
        this.#inQuotes = true;
        at += 1;
      }
      const next = this.#inQuotes ? this.#readQuoted(text, at) : this.#readPlain(text, at);
      if (typeof next === 'string') return next;
      at = next;
    }
  }

  /** Where to go on, or how the record stands. */
  #readPlain(text: string, at: number): number | 'done' | 'stray-quote' {
    const comma = text.indexOf(',', at);
    const cell = comma === -1 ? withoutReturn(text.slice(at)) : text.slice(at, comma);
    if (cell.includes('"')) return 'stray-quote';
    this.cells.push(cell);
    return comma === -1 ? 'done' : comma + 1;
  }

  #readQuoted(text: string, at: number): number | 'done' | 'open' | 'stray-quote' {
    const quote = text.indexOf('"', at);
    if (quote === -1) {
      this.#quoted += text.slice(at);
      return 'open';
    }
    this.#quoted += text.slice(at, quote);
    if (text[quote + 1] === '"') {
      this.#quoted += '"';
      return quote + 2;
    }
    return this.#closeQuoted(text, quote + 1);
  }

  #closeQuoted(text: string, rest: number): number | 'done' | 'stray-quote' {
    this.cells.push(this.#quoted);
    this.#quoted = '';
    this.#inQuotes = false;
    if (text[rest] === ',') return rest + 1;
    return withoutReturn(text.slice(rest)) === '' ? 'done' : 'stray-quote';
  }
}

function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
