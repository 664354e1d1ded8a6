import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { bytesOf } from '../../test/support/people.ts';
import { writeRows } from './csv-lines.ts';
import { type Row, RowReader } from './csv-rows.ts';
import { type Line, LineSplitter } from './lines.ts';

async function rowsOf(csv: string, size?: number): Promise<Row[]> {
  const reader = new RowReader();
  const rows: Row[] = [];
  const splitter = new LineSplitter();
  for await (const chunk of bytesOf(csv, size)) {
    for (const line of splitter.split(chunk)) rows.push(...reader.read(line));
  }
  return [...rows, ...splitter.end().flatMap((line) => reader.read(line)), ...reader.end()];
}

const STRAY = 'A quote stands inside a cell: put the whole cell in quotes and double the quotes in it';
const UNCLOSED = 'A quoted cell is never closed: the closing quote is missing';

const good: readonly (readonly [title: string, csv: string, rows: readonly (readonly [number, ...string[]])[]])[] = [
  [
    'plain',
    'a,b\nc,d\n',
    [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
    ],
  ],
  [
    'CRLF',
    'a,b\r\n"c",d\r\n',
    [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
    ],
  ],
  ['no line end at the end', 'a,b', [[1, 'a', 'b']]],
  [
    'empty cells',
    ',\n"",\n',
    [
      [1, '', ''],
      [2, '', ''],
    ],
  ],
  [
    'blank lines are passed over and counted',
    '\na\n\r\n\nb\n',
    [
      [2, 'a'],
      [5, 'b'],
    ],
  ],
  [
    'comma, quote and line ends in quotes',
    '"a,""b""\r\nc\nd",e\nf,g',
    [
      [1, 'a,"b"\r\nc\nd', 'e'],
      [4, 'f', 'g'],
    ],
  ],
  ['a lone carriage return is no line end', 'a\rb,c', [[1, 'a\rb', 'c']]],
];
for (const [title, csv, expected] of good) {
  test(`reads ${title}`, async () => {
    const rows = await rowsOf(csv);
    assert.deepEqual(
      rows.map(({ line, cells, fault }) => (fault === null ? [line, ...cells] : [line, fault])),
      expected,
    );
  });
}

const bad: readonly (readonly [title: string, csv: string, rows: readonly unknown[]])[] = [
  [
    'a quote in a plain cell',
    'a"b,c\nd,e\n',
    [
      [1, STRAY],
      [2, 'd', 'e'],
    ],
  ],
  [
    'text behind a closing quote',
    '"a"b,c\nd,e\n',
    [
      [1, STRAY],
      [2, 'd', 'e'],
    ],
  ],
  [
    'an unclosed quote at the end',
    'a,b\nc,"d\n',
    [
      [1, 'a', 'b'],
      [2, UNCLOSED],
    ],
  ],
  [
    'an unclosed quote costs its own line only',
    '"a\nb,c\nd,"e"\n',
    [
      [1, STRAY],
      [2, 'b', 'c'],
      [3, 'd', 'e'],
    ],
  ],
  [
    'several unclosed quotes',
    '"a\n"b\n"c\nd\n',
    [
      [1, STRAY],
      [2, STRAY],
      [3, UNCLOSED],
      [4, 'd'],
    ],
  ],
];
for (const [title, csv, expected] of bad) {
  test(`names the line of ${title}`, async () => {
    const rows = await rowsOf(csv);
    assert.deepEqual(
      rows.map(({ line, cells, fault }) => (fault === null ? [line, ...cells] : [line, fault])),
      expected,
    );
  });
}

test('an unclosed quote in a long file costs one line, not the rest', async () => {
  const rest = Array.from({ length: 20_000 }, (_, i) => `plain,${i}`);
  const rows = await rowsOf(['first,0', '"never closed,1', ...rest].join('\n'), 10_000);
  assert.equal(rows.length, 20_002);
  assert.deepEqual(
    rows.filter((row) => row.fault !== null).map((row) => [row.line, row.fault]),
    [[2, 'A quoted cell does not end within 64 KiB: the closing quote is missing']],
  );
  assert.deepEqual(rows.at(-1), { line: 20_002, cells: ['plain', '19999'], fault: null });
});

for (const text of ['"', '""', '"a', '",', '"""', '","', 'a"', '', 'a']) {
  test(`looks at no line more than a few times when all of them are ${text}`, () => {
    let looks = 0;
    const reader = new RowReader();
    const lineCount = 50_000;
    const lookedAt = (number: number): Line => ({
      number,
      fault: null,
      get text() {
        looks += 1;
        return number === 1 ? `"${text}` : text;
      },
    });
    for (let number = 1; number <= lineCount; number++) reader.read(lookedAt(number));
    reader.end();
    assert.ok(looks < lineCount * 12, `${looks} looks at ${lineCount} lines`);
  });
}

const cell = fc.oneof(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é', "'") }), fc.string());

test('writes what csv-stringify writes, and reads it', async () => {
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
      const csv = stringify(rows, { record_delimiter: '\r\n', quoted_match: /[\r\n]/ });
      assert.equal(writeRows(rows), csv);
      assert.deepEqual(
        (await rowsOf(csv, size)).map((row) => row.cells),
        rows,
      );
    }),
  );
});

test('whatever csv-parse takes, it takes alike', async () => {
  let taken = 0;
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', '\r\n', '""', '","') });
  await fc.assert(
    fc.asyncProperty(text, async (csv) => {
      const oracle = parseStrictly(csv);
      if (oracle === null) return;
      taken += 1;
      assert.deepEqual(
        (await rowsOf(csv)).map((row) => row.fault ?? row.cells),
        oracle,
      );
    }),
    { numRuns: 2_000 },
  );
  assert.ok(taken > 200, `only ${taken} inputs were valid CSV`);
});

function parseStrictly(csv: string): string[][] | null {
  try {
    return parse(csv, { relax_column_count: true, skip_empty_lines: true, record_delimiter: ['\r\n', '\n'] });
  } catch {
    return null;
  }
}
