import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutFile, type FileFormat, type Piece, UnreadableFile } from './file-pieces.ts';
import { readRows } from './read-rows.ts';

async function cut(
  text: string | Uint8Array<ArrayBuffer>,
  records: number,
  format: FileFormat = 'csv',
): Promise<Piece[]> {
  return Array.fromAsync(cutFile(new Blob([text]), { format, records }));
}

describe('a file in pieces', () => {
  it('repeats the header of a CSV file, and cuts no record in two', async () => {
    const pieces = await cut('a,b\n1,"x\ny"\n2,3\n\n4,5', 2);
    assert.deepEqual(
      pieces.map(({ text, records }) => [text, records]),
      [
        ['a,b\n1,"x\ny"\n2,3\n', 2],
        ['a,b\n\n4,5\n', 1],
      ],
    );
  });

  it('knows which line of the file a line of a piece is', async () => {
    const [, second] = await cut('a\n1\n2\n3\n4\n', 2);
    assert.deepEqual(
      [1, 2, 3].map((line) => second?.lineOf(line)),
      [1, 4, 5],
    );
  });

  it('has nothing to repeat of lines of JSON, and passes over blank ones', async () => {
    const pieces = await cut('{"a":1}\n\n{"a":2}\n{"a":3}', 2, 'ndjson');
    assert.deepEqual(
      pieces.map(({ records }) => records),
      [2, 1],
    );
    assert.equal(pieces[1]?.text, '{"a":3}\n');
  });

  it('says where a quote is that nobody closes, and what is not UTF-8', async () => {
    await assert.rejects(
      cut('a\n1\n"2\n3\n', 10),
      (error) => error instanceof UnreadableFile && /^Line 3:/.test(error.message),
    );
    await assert.rejects(cut(new Uint8Array([0x61, 0x0a, 0xff, 0x0a]), 10), UnreadableFile);
  });

  it('gives the line on which each record begins', () => {
    assert.deepEqual(readRows('\uFEFFa,b\n\n1,"x\ny"\n2,3\n'), [
      { line: 1, cells: ['a', 'b'] },
      { line: 3, cells: ['1', 'x\ny'] },
      { line: 5, cells: ['2', '3'] },
    ]);
  });
});
