import { Transform } from 'node:stream';
import type { Format } from '../directory/read-people.ts';

const QUOTE = 0x22;
const LINE_FEED = 0x0a;

/** Lets an export through and tells how many rows of it have passed; the header of a CSV is none. */
export function countRows(format: Format, tell: (rows: number) => void): Transform {
  let rows = format === 'csv' ? -1 : 0;
  let isQuoted = false;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      for (const byte of chunk) {
        // A cell may hold line breaks; a quote within it is doubled, which changes nothing here.
        if (byte === QUOTE && format === 'csv') isQuoted = !isQuoted;
        else if (byte === LINE_FEED && !isQuoted) rows += 1;
      }
      tell(Math.max(0, rows));
      done(null, chunk);
    },
  });
}
