import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutFile, type FileChunk, UnreadableLine } from './file-chunks.ts';

async function* bytesOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function cut(text: string, format: 'csv' | 'ndjson', size = 7): Promise<FileChunk[]> {
  return Array.fromAsync(cutFile(bytesOf(text, size), format));
}

describe('cutting a file of recipients', () => {
  it('makes chunks of ten thousand, the same however the file is read', async () => {
    const file = Array.from({ length: 20_003 }, (_, index) => `"p${index}@abc.com"`).join('\n');
    const chunks = await cut(file, 'ndjson', 64 * 1024);
    assert.deepEqual(
      chunks.map(({ chunk, body }) => [chunk, body.split('\n').length - 1]),
      [
        [0, 10_000],
        [1, 10_000],
        [2, 3],
      ],
    );
    assert.equal(chunks.map(({ body }) => body).join(''), `${file}\n`);
    assert.equal(chunks.at(-1)?.endsAt, Buffer.byteLength(file) + 1);
    const others = await cut(file, 'ndjson', 1_001);
    assert.deepEqual(
      others.map(({ sha256 }) => sha256),
      chunks.map(({ sha256 }) => sha256),
    );
    assert.equal(chunks[1]?.lineOf(1), 10_001);
  });

  it('repeats the header of a CSV file, cuts no record in two, and knows which line is which', async () => {
    const rows = Array.from({ length: 10_001 }, (_, index) => `p${index}@abc.com,"two\nlines"`).join('\r\n');
    const [first, second] = await cut(`email,"na\nme"\r\n${rows}`, 'csv', 4_096);
    assert.ok(first && second);
    assert.equal(second.body, 'email,"na\nme"\r\np10000@abc.com,"two\nlines"\n');
    assert.deepEqual([first.lineOf(3), first.lineOf(5), second.lineOf(3), second.lineOf(1)], [3, 5, 20_003, 1]);
  });

  it('leaves blank lines where they are, and makes nothing of nobody', async () => {
    const [only, other] = await cut('\n"a"\n\n"b"', 'ndjson');
    assert.deepEqual([only?.body, only?.lineOf(4), other], ['\n"a"\n\n"b"\n', 4, undefined]);
    assert.deepEqual(await cut('\n \n', 'ndjson'), []);
    assert.deepEqual(await cut('email,name\n', 'csv'), []);
  });

  it('keeps chunks small where lines are long, and a quote that is never closed for the server to name', async () => {
    const long = Array.from({ length: 100 }, () => `"${'x'.repeat(30_000)}"`).join('\n');
    assert.equal((await cut(long, 'ndjson', 64 * 1024)).length, 3);
    const [only] = await cut('email\n"open', 'csv');
    assert.equal(only?.body, 'email\n"open\n');
  });

  it('names the line that is no text', async () => {
    const bytes = Buffer.concat([Buffer.from('"a"\n'), Buffer.from([0xff, 0x0a])]);
    const cutting = Array.fromAsync(cutFile(ReadableStream.from([bytes]), 'ndjson'));
    await assert.rejects(cutting, (error) => error instanceof UnreadableLine && error.line === 2);
  });
});
