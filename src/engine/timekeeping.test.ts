import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { Clock } from '../model/clock.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import { keepTime } from './timekeeping.ts';

/** A machine whose clock can be set, beside a database whose clock is right. */
async function openMachine(kind: 'sqlite' | 'postgres', aheadMs = 0) {
  const time = new VirtualClock();
  const machine = { aheadMs, databaseAheadMs: 0, isDatabaseAway: false };
  const clock: Clock = {
    now: () => time.now() + machine.aheadMs,
    monotonic: () => time.monotonic(),
    after: (delayMs, task) => time.after(delayMs, task),
  };
  const lines: string[] = [];
  const warn = (event: string, { detail }: { readonly detail?: unknown } = {}) => lines.push(`${event}: ${detail}`);
  const kept = await keepTime({
    store: {
      kind,
      now: async () => {
        if (machine.isDatabaseAway) throw new StoreUnavailable('away');
        return time.now() + machine.databaseAheadMs;
      },
    },
    clock,
    logger: { debug: assert.fail, info: assert.fail, warn, error: assert.fail },
  });
  return { time, machine, kept, lines };
}

describe('keeping time', () => {
  it('tells once that the clock was set by more than five seconds, and which way', async () => {
    const { time, machine, kept, lines } = await openMachine('sqlite');
    for (const stepMs of [4_000, -4_000, -86_400_000, 3_600_000]) {
      machine.aheadMs += stepMs;
      await time.advance(10_000);
    }
    assert.deepEqual(lines, [
      'clock stepped: set back by 86400 s',
      'clock stepped: set forward by 3600 s, or the machine was asleep for so long',
    ]);
    kept.stop();
  });

  it('leaves a server that is alone on its database its own clock', async () => {
    const { time, machine, kept } = await openMachine('sqlite');
    machine.aheadMs = 3_600_000;
    assert.equal(kept.clock.now(), time.now() + 3_600_000);
    kept.stop();
  });

  it('goes by the clock of the database where there may be others, from the first moment', async () => {
    const { time, machine, kept, lines } = await openMachine('postgres', 3_600_000);
    assert.equal(kept.clock.now(), time.now());
    machine.aheadMs = -86_400_000;
    assert.equal(kept.clock.now(), time.now());
    machine.isDatabaseAway = true;
    await time.advance(60_000);
    assert.equal(kept.clock.now(), time.now());
    assert.deepEqual(lines, [
      'clock differs from the database: 3600 s ahead: the clock of the database is used',
      'clock stepped: set back by 90000 s',
    ]);
    kept.stop();
    await time.advance(60_000);
    assert.equal(lines.length, 2);
  });

  it('follows a database whose clock was set', async () => {
    const { time, machine, kept } = await openMachine('postgres');
    machine.databaseAheadMs = 3_600_000;
    await time.advance(5_000);
    assert.equal(kept.clock.now(), time.now() + 3_600_000);
    kept.stop();
  });
});
