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
    pace.slowDown(0, 5_000);
    pace.slowDown(0, 1_000);
    assert.equal(pace.take(1_000), 4_000);
    assert.equal(pace.take(5_000), 0);
  });

  it('waits a second, then two, then four, up to a minute, when the provider does not say', () => {
    const pace = new Pace(0);
    let now = 0;
    const waits = Array.from({ length: 8 }, () => {
      const waitMs = pace.slowDown(now, null);
      assert.equal(pace.slowDown(now, null), waitMs, 'many answers of one moment are one');
      now += waitMs;
      return waitMs;
    });
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000]);
    pace.succeed();
    assert.equal(pace.slowDown(now, null), 1_000);
  });

  it('halves its rate at each "slow down" and grows back in peace', () => {
    const pace = new Pace(100);
    const sentIn = (from: number, ms: number) => {
      let sent = 0;
      for (let now = from; now < from + ms; now += 1) if (pace.take(now) === 0) sent += 1;
      return sent;
    };
    assert.ok(sentIn(0, 1_000) >= 100);
    pace.slowDown(1_000, 0);
    const slowed = sentIn(1_000, 1_000);
    assert.ok(slowed >= 49 && slowed <= 60, `${slowed} in the second after`);
    assert.equal(pace.share(11_001), 1);
    assert.ok(sentIn(30_000, 1_000) >= 100);
    for (let again = 0; again < 20; again += 1) pace.slowDown(40_000, 0);
    assert.ok(pace.share(40_000) >= 1 / 64);
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
