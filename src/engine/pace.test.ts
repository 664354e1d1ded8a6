import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Pace } from './pace.ts';

describe('Pace', () => {
  it('lets everything through without a rate', () => {
    const pace = new Pace(0);
    assert.deepEqual(
      Array.from({ length: 5 }, () => pace.take(0)),
      [0, 0, 0, 0, 0],
    );
    assert.equal(pace.allowance(1_000), Number.POSITIVE_INFINITY);
  });

  it('never exceeds rate and burst in any window, and uses what it has', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }),
        (rate, steps) => {
          const pace = new Pace(rate);
          const burst = Math.max(1, rate * 0.05) + 1;
          const starts: number[] = [];
          let now = 0;
          for (const step of steps) {
            now += step;
            while (pace.take(now) === 0) starts.push(now);
          }
          for (const [index, start] of starts.entries()) {
            const within = starts.slice(index).filter((other) => other - start <= 1_000).length;
            assert.ok(within <= rate + burst, `${within} within a second at ${rate}/s`);
          }
        },
      ),
    );
  });

  it('keeps up the rate under constant demand', () => {
    const pace = new Pace(30);
    let sent = 0;
    for (let now = 0; now < 10_000; now += 1) if (pace.take(now) === 0) sent += 1;
    assert.ok(sent >= 299 && sent <= 302, `${sent} in ten seconds`);
  });

  it('answers how long to wait', () => {
    const pace = new Pace(2);
    while (pace.take(0) === 0);
    const waitMs = pace.take(0);
    assert.ok(waitMs > 0 && waitMs <= 500);
    assert.equal(pace.take(waitMs), 0);
  });

  it('pauses as long as the provider asked, the longest wish winning', () => {
    const pace = new Pace(0);
    pace.pause(0, 5_000);
    pace.pause(0, 1_000);
    assert.equal(pace.take(1_000), 4_000);
    assert.equal(pace.take(5_000), 0);
  });

  it('holds a refused connection for 5 s, doubling to a minute, until a success', () => {
    const pace = new Pace(0);
    let now = 0;
    const holds = Array.from({ length: 6 }, () => {
      const heldMs = pace.hold(now);
      now += heldMs;
      return heldMs;
    });
    assert.deepEqual(holds, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    assert.equal(pace.probing, true);
    assert.equal(pace.succeed(), true);
    assert.equal(pace.succeed(), false);
    assert.equal(pace.probing, false);
    assert.equal(pace.hold(now), 5_000);
  });

  it('counts many refusals of one moment as one', () => {
    const pace = new Pace(0);
    assert.deepEqual([pace.hold(0), pace.hold(0), pace.hold(1_000)], [5_000, 5_000, 4_000]);
  });
});
