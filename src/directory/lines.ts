import { isUtf8 } from 'node:buffer';

/** One physical line without its line feed (a carriage return stays); `fault` says why its text cannot be used. */
export interface Line {
  /** 1-based, as an editor counts. */
  readonly number: number;
  readonly text: string;
  readonly fault: string | null;
}

export const MAX_LINE_BYTES = 64 * 1024;

const LINE_FEED = 0x0a;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const TOO_LONG = `The line is longer than ${MAX_LINE_BYTES / 1024} KiB`;
const NOT_UTF8 = 'The line is not valid UTF-8: save the file in UTF-8';

/**
 * Splits bytes into lines in constant memory: a line that does not end is counted and dropped, not collected.
 * A byte order mark before the first line is taken away.
 */
export class LineSplitter {
  /** The beginning of a line whose end has not come yet. `heldBytes` goes on counting when it no longer fits. */
  readonly #held = Buffer.allocUnsafe(MAX_LINE_BYTES);
  #heldBytes = 0;
  #number = 1;

  /** The lines that end in this chunk. */
  split(chunk: Uint8Array): Line[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: Line[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      lines.push(this.#finish(bytes.subarray(start, end)));
      start = end + 1;
    }
    this.#hold(bytes.subarray(start));
    return lines;
  }

  /** The last line, when nothing ends it. */
  end(): Line[] {
    return this.#heldBytes > 0 ? [this.#finish(Buffer.alloc(0))] : [];
  }

  #finish(rest: Buffer): Line {
    const line = this.#decode(rest);
    this.#heldBytes = 0;
    this.#number += 1;
    return line;
  }

  #decode(rest: Buffer): Line {
    const number = this.#number;
    const whole = this.#join(rest);
    if (whole === null) return { number, text: '', fault: TOO_LONG };
    const bytes = number === 1 && whole.subarray(0, BOM.length).equals(BOM) ? whole.subarray(BOM.length) : whole;
    if (!isUtf8(bytes)) return { number, text: '', fault: NOT_UTF8 };
    return { number, text: bytes.toString('utf8'), fault: null };
  }

  /** The bytes of the whole line, valid until the next call; null when there are too many. */
  #join(rest: Buffer): Buffer | null {
    if (this.#heldBytes + rest.length > MAX_LINE_BYTES) return null;
    if (this.#heldBytes === 0) return rest;
    this.#hold(rest);
    return this.#held.subarray(0, this.#heldBytes);
  }

  #hold(rest: Buffer): void {
    // What does not fit is not copied.
    rest.copy(this.#held, this.#heldBytes);
    this.#heldBytes += rest.length;
  }
}
