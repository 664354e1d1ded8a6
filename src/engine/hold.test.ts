import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Hold } from './hold.ts';

describe('Hold', () => {
  it('lasts 5 s, doubling to a minute, until a success', () => {
    const hold = new Hold();
    let now = 0;
    const holds = Array.from({ length: 6 }, () => {
      const heldMs = hold.begin(now, 'bad secret');
      now += heldMs;
      return heldMs;
    });
    assert.deepEqual(holds, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    assert.deepEqual([hold.probing, hold.why], [true, 'bad secret']);
    assert.equal(hold.succeed(), true);
    assert.equal(hold.succeed(), false);
    assert.deepEqual([hold.probing, hold.why], [false, null]);
    assert.equal(hold.begin(now, 'bad secret'), 5_000);
  });

  it('counts many refusals of one moment as one', () => {
    const hold = new Hold();
    assert.deepEqual([hold.begin(0, ''), hold.begin(0, ''), hold.begin(1_000, '')], [5_000, 5_000, 4_000]);
  });

  it('can be for nothing but the probing', () => {
    const hold = new Hold({ minMs: 0 });
    for (let refusal = 0; refusal < 2_000; refusal += 1) assert.equal(hold.begin(refusal, '429'), 0);
    assert.deepEqual([hold.heldMs(2_000), hold.probing], [0, true]);
    assert.equal(hold.succeed(), true);
    assert.equal(hold.probing, false);
  });

  it('lets one call find out for all, and tells everybody when it has', () => {
    const hold = new Hold();
    let told = 0;
    for (let member = 0; member < 2; member += 1) hold.join({ waiting: 0, pump: () => (told += 1) });
    assert.equal(hold.startCall(), false);
    hold.begin(0, '');
    assert.equal(hold.startCall(), true);
    assert.equal(hold.isProbeOut, true);
    hold.endProbe();
    assert.deepEqual([hold.isProbeOut, told], [false, 2]);
  });
});
