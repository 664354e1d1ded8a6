import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Lane } from '../model/notification.ts';
import { Slots } from './slots.ts';

function fill(slots: Slots, lane: Lane, isOverdue = false): number {
  let taken = 0;
  for (; slots.isOpen(lane, isOverdue); taken += 1) slots.take(lane);
  return taken;
}

describe('Slots', () => {
  it('keep a fifth from bulk and a tenth from all that is not urgent', () => {
    const slots = new Slots(30);
    assert.deepEqual([fill(slots, 'bulk'), fill(slots, 'normal'), fill(slots, 'urgent')], [24, 3, 3]);
    assert.equal(slots.taken, 30);
    slots.leave('bulk');
    assert.deepEqual([slots.isOpen('bulk', false), slots.isOpen('normal', false)], [false, false]);
    assert.equal(slots.isOpen('urgent', false), true);
  });

  it('keep no more than six and three where there are many', () => {
    for (const concurrency of [31, 64, 200, 2_000]) {
      const slots = new Slots(concurrency);
      assert.deepEqual([fill(slots, 'bulk'), fill(slots, 'normal'), fill(slots, 'urgent')], [concurrency - 6, 3, 3]);
    }
  });

  it('keep none where there are few', () => {
    for (const concurrency of [1, 2, 3, 4]) assert.equal(fill(new Slots(concurrency), 'bulk'), concurrency);
    assert.equal(fill(new Slots(5), 'bulk'), 4);
  });

  it('are open to who was passed over for long, up to a tenth of them', () => {
    const slots = new Slots(30);
    fill(slots, 'urgent');
    assert.equal(slots.isOpen('bulk', true), false, 'none is free');
    for (let count = 0; count < 6; count += 1) slots.leave('urgent');
    assert.equal(slots.isOpen('bulk', false), false);
    assert.equal(fill(slots, 'bulk', true), 3);
    assert.equal(slots.isOpen('urgent', false), true);
  });

  it('are open to one who was passed over where there are few', () => {
    const slots = new Slots(5);
    for (let count = 0; count < 4; count += 1) slots.take('urgent');
    assert.equal(fill(slots, 'bulk', true), 1);
  });
});
