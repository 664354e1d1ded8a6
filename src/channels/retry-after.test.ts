import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter } from './retry-after.ts';

const NOW = Date.parse('Sun, 22 Nov 2026 12:00:00 GMT');
const HOUR = 3_600_000;

/** [header, milliseconds] */
const TABLE: readonly (readonly [string | string[] | undefined, number | null])[] = [
  [undefined, null],
  ['', null],
  ['0', null],
  ['1', 1_000],
  [' 30 ', 30_000],
  ['3600', HOUR],
  ['3601', HOUR],
  ['99999999999999999999', HOUR],
  ['9'.repeat(400), HOUR],
  ['-1', null],
  ['+1', null],
  ['1.5', null],
  ['1e99', null],
  ['0x10', null],
  ['NaN', null],
  ['Infinity', null],
  ['10 seconds', null],
  ['１０', null],
  [['1', '2'], null],
  ['Sun, 22 Nov 2026 12:00:07 GMT', 7_000],
  ['Sun, 22 Nov 2026 11:59:00 GMT', null],
  ['Thu, 01 Jan 1970 00:00:00 GMT', null],
  ['Thu, 01 Jan 2099 00:00:00 GMT', HOUR],
  ['Sun, 22 Nov 2026 99:00:07 GMT', null],
  ['Sun, 99 Nov 2026 12:00:07 GMT', null],
  ['2026-11-22T12:00:07Z', null],
  ['22 Nov 2026 12:00:07 GMT', null],
  ['tomorrow', null],
];

for (const [header, expected] of TABLE) {
  test(`Retry-After ${JSON.stringify(header)?.slice(0, 40)} means ${expected} ms`, () => {
    assert.equal(parseRetryAfter(header, NOW), expected);
  });
}
