import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatClocks } from './format.ts';

describe('times beside one another', () => {
  const noon = Date.UTC(2026, 8, 1, 12);
  const after = (...seconds: number[]) => formatClocks(seconds.map((count) => noon + count * 1000));

  it('are told with their seconds where they would read the same without, all of them', () => {
    assert.deepEqual(
      after(0, 20, 40, 60).map((label) => label.slice(-6)),
      [':00:00', ':00:20', ':00:40', ':01:00'],
    );
    assert.deepEqual(
      after(0, 60, 120).map((label) => label.slice(-3)),
      [':00', ':01', ':02'],
    );
  });
});
