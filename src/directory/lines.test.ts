import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../../test/support/people.ts';
import { type Line, LineSplitter, MAX_LINE_BYTES } from './lines.ts';

async function linesOf(chunks: AsyncIterable<Uint8Array>): Promise<Line[]> {
  const splitter = new LineSplitter();
  const lines: Line[] = [];
  for await (const chunk of chunks) lines.push(...splitter.split(chunk));
  return [...lines, ...splitter.end()];
}

const texts = async (input: string | Buffer, size?: number) =>
  (await linesOf(bytesOf(input, size))).map((line) => line.fault ?? line.text);

test('cuts lines wherever the chunks are cut', async () => {
  const line = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed().replace(/[\n\uFEFF]/g, ''));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1 }), fc.integer({ min: 1, max: 20 }), async (lines, size) => {
      const given = lines.join('\n');
      const expected = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
      assert.deepEqual(await texts(given, size), expected);
    }),
  );
});

test('takes a byte order mark away before the first line only', async () => {
  assert.deepEqual(await texts('\uFEFFa\n\uFEFFb'), ['a', '\uFEFFb']);
});

test('says which lines are not UTF-8 and reads the others', async () => {
  const input = Buffer.concat([Buffer.from('good\n'), Buffer.from([0xc3, 0x28, 0x0a]), Buffer.from('good')]);
  const lines: Line[] = await linesOf(bytesOf(input));
  assert.deepEqual(
    lines.map(({ number, fault }) => [number, fault]),
    [
      [1, null],
      [2, 'The line is not valid UTF-8: save the file in UTF-8'],
      [3, null],
    ],
  );
});

for (const size of [1_000, MAX_LINE_BYTES * 4]) {
  test(`a line of exactly the limit is read, one byte more is not (chunks of ${size} bytes)`, async () => {
    const fits = 'x'.repeat(MAX_LINE_BYTES);
    assert.deepEqual(await texts(`${fits}\n${fits}y\nz\n${fits}yyy`, size), [
      fits,
      'The line is longer than 64 KiB',
      'z',
      'The line is longer than 64 KiB',
    ]);
  });
}

test('holds nothing of a line that never ends', async () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  async function* endless() {
    for (let i = 0; i < 200; i++) yield chunk;
  }
  const before = process.memoryUsage();
  const lines = await linesOf(endless());
  const after = process.memoryUsage();
  assert.deepEqual(lines, [{ number: 1, text: '', fault: 'The line is longer than 64 KiB' }]);
  assert.ok(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed < 32 * 1024 * 1024);
});
