import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Precedence } from './precedence.ts';
import { rankOf } from './ranks.ts';

const URGENT = rankOf('urgent', 'small');
const SMALL = rankOf('normal', 'small');
const LARGE = rankOf('normal', 'large');
const BULK = rankOf('bulk', 'large');

/** Serves `count` of those who always wait; answers how many turns each had. */
function serve(ranks: readonly number[], count: number, mayGo = (_rank: number, _isOverdue: boolean) => true) {
  const precedence = new Precedence();
  const turns = new Map<number, number>();
  const order: number[] = [];
  const waits = (rank: number) => ranks.includes(rank);
  for (let turn = 0; turn < count; turn += 1) {
    const next = precedence.next(waits, mayGo);
    if (next === null) break;
    precedence.count(next, waits);
    turns.set(next, (turns.get(next) ?? 0) + 1);
    order.push(next);
  }
  return { order, of: (rank: number) => turns.get(rank) ?? 0 };
}

describe('Precedence', () => {
  it('takes the first rank that waits', () => {
    assert.deepEqual(serve([BULK, LARGE, SMALL, URGENT], 3).order, [URGENT, URGENT, URGENT]);
    assert.deepEqual(serve([], 3).order, []);
  });

  it('gives every tenth turn to whom a flood passes over', () => {
    const { order, of } = serve([URGENT, BULK], 1_000);
    assert.deepEqual([of(URGENT), of(BULK)], [900, 100]);
    assert.deepEqual([order.indexOf(BULK), order.indexOf(BULK, 10)], [9, 19]);
  });

  it('lets nobody starve, whoever else waits', () => {
    const { of } = serve([0, 1, 2, 3, 4, 5], 1_000);
    for (const rank of [1, 2, 3, 4, 5]) assert.ok(of(rank) >= 60 && of(rank) <= 100, `${rank}: ${of(rank)}`);
    assert.ok(of(0) >= 500);
  });

  it('passes over who may not go, and lets it go as soon as it may when it is overdue', () => {
    const { of } = serve([URGENT, BULK], 100, (rank, isOverdue) => rank !== BULK || isOverdue);
    assert.deepEqual([of(URGENT), of(BULK)], [90, 10]);
    const shut = serve([URGENT, BULK], 100, (rank) => rank !== BULK);
    assert.equal(shut.of(BULK), 0);
    assert.deepEqual(serve([BULK], 5, () => false).order, []);
  });
});
