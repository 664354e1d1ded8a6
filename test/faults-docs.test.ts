import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type KeptRow, pageOf } from './faults/document.ts';

const read = (name: string): string => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');

describe('docs/faults.md', () => {
  const rows: readonly KeptRow[] = JSON.parse(read('faults.json'));
  const page = read('faults.md');

  test('shows the rows that are kept, and no others', () => {
    assert.equal(pageOf(page, rows), page);
    assert.notEqual(pageOf(page, rows.slice(1)), page);
  });

  test('says why of each row that missed its bar', () => {
    const [, why = ''] = page.split('## Bars that are missed, and why');
    for (const row of rows.filter(({ verdict }) => verdict === 'FAILED')) {
      assert.ok(why.includes(row.test.slice(0, 3)), `${row.test} is explained nowhere`);
    }
  });
});
