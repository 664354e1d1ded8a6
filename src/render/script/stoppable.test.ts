import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runWithin, Stopped } from './stoppable.ts';

test('work that ends in time is as if nothing had been set', () => {
  assert.equal(
    runWithin(10_000, () => 7),
    7,
  );
  const own = new Error('its own');
  const fail = () => {
    throw own;
  };
  assert.throws(
    () => runWithin(10_000, fail),
    (error) => error === own,
  );
});

test('work that does not end is stopped, whatever it catches, and the thread goes on', () => {
  const stubborn = () => {
    for (;;) {
      try {
        for (;;);
      } catch {}
    }
  };
  assert.throws(
    () => runWithin(50, stubborn),
    (error) => error instanceof Stopped,
  );
  assert.equal(
    runWithin(10_000, () => 'goes on'),
    'goes on',
  );
});
