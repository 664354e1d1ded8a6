import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { repeat } from './repeat.ts';

describe('repeat', () => {
  it('runs again after each run, also after one that failed', async () => {
    const clock = new VirtualClock();
    const errors: unknown[] = [];
    let runs = 0;
    const task = async () => {
      runs += 1;
      if (runs === 1) throw new Error('once');
    };
    const stop = repeat({ clock, everyMs: 100, task, onError: (error) => errors.push(error) });
    await clock.advance(350);
    stop();
    await clock.advance(1_000);
    assert.deepEqual([runs, errors.length], [3, 1]);
  });

  it('does not come back when it was stopped in the middle of a run', async () => {
    const clock = new VirtualClock();
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const task = () => {
      runs += 1;
      return gate.promise;
    };
    const stop = repeat({ clock, everyMs: 100, task, onError: () => assert.fail() });
    await clock.advance(100);
    stop();
    gate.resolve();
    await clock.advance(1_000);
    assert.equal(runs, 1);
  });
});
