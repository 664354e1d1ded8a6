import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openManualClock } from './test-rig.ts';
import { SlidingWindows, type Window } from './windows.ts';

const WINDOWS: readonly Window[] = [
  { max: 3, spanMs: 10 },
  { max: 5, spanMs: 40 },
];

test('no window ever holds more calls than it may, and no call waits without a full window', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(12), { maxLength: 200 }), (gaps) => {
      const clock = openManualClock();
      const windows = new SlidingWindows(WINDOWS, clock);
      const taken: number[] = [];
      for (const gap of gaps) {
        clock.advance(gap);
        const now = clock.monotonic();
        const isFull = WINDOWS.some(({ max, spanMs }) => taken.filter((at) => at > now - spanMs).length >= max);
        assert.equal(windows.waitMs('key') > 0, isFull);
        if (isFull) continue;
        windows.take('key');
        taken.push(now);
      }
    }),
  );
});

test('after the wait that was named the next call fits', () => {
  const clock = openManualClock();
  const windows = new SlidingWindows(WINDOWS, clock);
  for (const _ of [1, 2, 3]) windows.take('key');
  clock.advance(windows.waitMs('key') - 1);
  assert.equal(windows.waitMs('key'), 1);
  clock.advance(1);
  assert.equal(windows.waitMs('key'), 0);
  assert.equal(windows.waitMs('other key'), 0);
});
