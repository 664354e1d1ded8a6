import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TemplateParameter } from '../model/template.ts';
import { findValueFault, fitParameters } from './parameters.ts';

const values: readonly [TemplateParameter['type'], good: readonly string[], bad: readonly string[]][] = [
  ['string', ['', 'a', '{b}'], []],
  ['integer', ['0', '-12', '007'], ['', '1.5', '1e3', ' 1', '१']],
  ['number', ['0', '-1.50'], ['', '1.', '.5', '1,5', 'NaN', 'Infinity']],
  ['boolean', ['true', 'false'], ['', 'yes', 'True', '1']],
  ['date', ['2026-03-01', '2028-02-29'], ['', '2026-02-29', '2026-13-01', '1.3.2026', '2026-03-01T10:00:00Z']],
  ['url', ['https://abc.com/x?y', 'http://a'], ['', 'abc.com', 'javascript:alert(1)', 'https://', 'https://a b']],
];

describe('parameters of a template', () => {
  for (const [type, good, bad] of values) {
    it(`of the type ${type} are judged`, () => {
      for (const value of good) assert.equal(findValueFault({ type }, value), null, value);
      for (const value of bad) assert.match(findValueFault({ type }, value) ?? '', /^must be /, value);
    });
  }

  it('are as long as they may be, and one of those allowed', () => {
    assert.match(findValueFault({ type: 'string', maxLength: 2 }, 'abc') ?? '', /has 3 characters; at most 2/);
    assert.equal(findValueFault({ type: 'string', enum: ['a', 'b'] }, 'c'), 'must be one of "a", "b"');
  });

  it('are completed, and none is left for a token to stand there bare', () => {
    const declared = {
      name: { type: 'string' },
      floor: { type: 'integer', default: '1' },
      note: { type: 'string', required: false },
    } as const;
    assert.deepEqual(fitParameters(declared, { name: 'Ann' }), {
      ok: true,
      values: { name: 'Ann', floor: '1', note: '' },
    });
    assert.deepEqual(fitParameters(declared, {}), {
      ok: false,
      name: 'name',
      what: 'is missing; the template requires it (string)',
    });
    assert.deepEqual(fitParameters(declared, { name: 'Ann', flor: '2' }), {
      ok: false,
      name: 'flor',
      what: 'is unknown; the template has name, floor, note',
    });
    assert.deepEqual(fitParameters({}, {}), { ok: true, values: null });
    assert.partialDeepStrictEqual(fitParameters({}, { toString: 'x' }), { ok: false, name: 'toString' });
  });
});
