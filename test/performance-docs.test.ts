import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { documentsOf } from '../bench/document.ts';
import type { Results } from '../bench/results.ts';

const read = (name: string): string => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');
const results: Results = JSON.parse(read('performance.json'));
const page = read('performance.md');

describe('docs/performance.md', () => {
  for (const [name, content] of documentsOf(results, page)) {
    test(`${name} is what the committed run makes of it`, () => assert.equal(read(name), content));
  }

  test('another run would make other files', () => {
    const figures = results.figures.map((figure) => ({ ...figure, values: figure.values.map((value) => value * 1.5) }));
    for (const [name, content] of documentsOf({ ...results, figures }, page)) assert.notEqual(read(name), content);
  });

  test('shows its plots', () => {
    for (const [, name = ''] of page.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)) assert.match(read(name), /^<svg /);
    assert.equal([...page.matchAll(/!\[/g)].length, 2);
  });
});
