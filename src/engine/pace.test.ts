import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Pace } from './pace.ts';

const openPace = (perSecond: number | null) => new Pace(perSecond, () => 0);

/** 0: a call was started. */
function take(pace: Pace, now: number): number {
  const waitMs = pace.waitMs(now);
  if (waitMs === 0) pace.count(now);
  return waitMs;
}

describe('Pace', () => {
  it('lets everything through without a rate', () => {
    const pace = openPace(0);
    assert.deepEqual(
      Array.from({ length: 5 }, () => take(pace, 0)),
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
          const pace = openPace(rate);
          const burst = Math.max(1, rate * 0.05) + 1;
          const starts: number[] = [];
          let now = 0;
          for (const step of steps) {
            now += step;
            while (take(pace, now) === 0) starts.push(now);
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
    const pace = openPace(30);
    let sent = 0;
    for (let now = 0; now < 10_000; now += 1) if (take(pace, now) === 0) sent += 1;
    assert.ok(sent >= 299 && sent <= 302, `${sent} in ten seconds`);
  });

  it('answers how long to wait', () => {
    const pace = openPace(2);
    while (take(pace, 0) === 0);
    const waitMs = take(pace, 0);
    assert.ok(waitMs > 0 && waitMs <= 500);
    assert.equal(take(pace, waitMs), 0);
  });

  it('pauses as long as the provider asked, the longest wish winning', () => {
    const pace = openPace(0);
    pace.slowDown(0, 5_000, '429');
    pace.slowDown(0, 1_000, '429');
    assert.equal(take(pace, 1_000), 4_000);
    assert.equal(take(pace, 5_000), 0);
  });

  it('waits a little longer than it was told, so that not everybody comes back at once', () => {
    const waits = [0, 0.5, 0.999].map((chance) => new Pace(0, () => chance).slowDown(0, 5_000, '429'));
    assert.deepEqual(waits.map(Math.round), [5_000, 5_250, 5_500]);
  });

  it('waits a second, then two, then four, up to a minute, when the provider does not say', () => {
    const pace = openPace(0);
    let now = 0;
    const waits = Array.from({ length: 8 }, () => {
      const waitMs = pace.slowDown(now, null, '429');
      assert.equal(pace.slowDown(now, null, '429'), waitMs, 'many answers of one moment are one');
      now += waitMs;
      return waitMs;
    });
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000]);
    pace.succeed();
    assert.equal(pace.slowDown(now, null, '429'), 1_000);
  });

  it('halves its rate at each "slow down", grows back in peace, and says why meanwhile', () => {
    const pace = openPace(100);
    const sentIn = (from: number, ms: number) => {
      let sent = 0;
      for (let now = from; now < from + ms; now += 1) if (take(pace, now) === 0) sent += 1;
      return sent;
    };
    assert.ok(sentIn(0, 1_000) >= 100);
    assert.equal(pace.why(999), null);
    pace.slowDown(1_000, 0, 'HTTP 429');
    const slowed = sentIn(1_000, 1_000);
    assert.ok(slowed >= 49 && slowed <= 60, `${slowed} in the second after`);
    assert.equal(pace.why(2_000), 'HTTP 429');
    assert.equal(pace.share(11_001), 1);
    assert.equal(pace.why(11_001), null);
    assert.ok(sentIn(30_000, 1_000) >= 100);
    for (let again = 0; again < 20; again += 1) pace.slowDown(40_000, 0, '429');
    assert.ok(pace.share(40_000) >= 1 / 64);
  });
});
