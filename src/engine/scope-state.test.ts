import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScopeState } from './scope-state.ts';

interface Call {
  /** How long the provider takes to count it, and how long its answer takes after that. */
  readonly arrivesMs: number;
  readonly answersMs: number;
}

const CALLS = fc.array(fc.record({ arrivesMs: fc.nat(900), answersMs: fc.nat(400) }), {
  minLength: 20,
  maxLength: 120,
});

/** Sends as soon as it may, several at a time; answers when the provider counted each call. */
function run(state: ScopeState, calls: readonly Call[]): number[] {
  const counted: number[] = [];
  let ends: number[] = [];
  const todo = [...calls];
  for (let now = 0; todo.length > 0; now += 10) {
    for (const end of ends.filter((at) => at <= now)) state.end(end);
    ends = ends.filter((at) => at > now);
    while (todo.length > 0 && state.waitMs(now) === 0) {
      const { arrivesMs = 0, answersMs = 0 } = todo.shift() ?? {};
      state.start();
      counted.push(now + arrivesMs);
      ends.push(now + arrivesMs + answersMs);
    }
    ends.sort((one, other) => one - other);
  }
  return counted.sort((one, other) => one - other);
}

describe('ScopeState', () => {
  it('keeps stacked windows of the provider, whenever within a call it counts', () => {
    const windows = [
      { calls: 7, ms: 1_000 },
      { calls: 8, ms: 2_000 },
      { calls: 20, ms: 30_000 },
    ];
    fc.assert(
      fc.property(CALLS, (calls) => {
        const counted = run(new ScopeState({ windows }, 0), calls);
        for (const window of windows) {
          for (const [index, start] of counted.entries()) {
            const held = counted.slice(index).filter((at) => at < start + window.ms).length;
            assert.ok(held <= window.calls, `${held} within ${window.ms} ms`);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('never empties a bucket of the provider', () => {
    const bucket = { burst: 10, everyMs: 600 };
    fc.assert(
      fc.property(CALLS, (calls) => {
        let fullAt = 0;
        for (const at of run(new ScopeState({ bucket }, 0), calls)) {
          fullAt = Math.max(fullAt, at) + bucket.everyMs;
          assert.ok(fullAt - at <= bucket.burst * bucket.everyMs, `${fullAt - at} ms are lent`);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('uses what there is', () => {
    const quick = Array.from({ length: 60 }, () => ({ arrivesMs: 0, answersMs: 10 }));
    const windowed = run(new ScopeState({ windows: [{ calls: 5, ms: 1_000 }] }, 0), quick);
    assert.ok((windowed.at(-1) ?? 0) <= 11 * 1_050);
    const lent = run(new ScopeState({ bucket: { burst: 45, everyMs: 6_000 } }, 0), quick);
    assert.equal(lent.filter((at) => at < 1_000).length, 45);
    assert.ok((lent.at(-1) ?? 0) <= 15 * 6_000 + 100);
  });

  it('waits for the end of a call where only that makes room', () => {
    const state = new ScopeState({ windows: [{ calls: 1, ms: 1_000 }] }, 0);
    state.start();
    assert.equal(state.waitMs(5_000), Number.POSITIVE_INFINITY);
    state.end(5_000);
    assert.equal(state.waitMs(5_000), 1_000);
    assert.equal(state.waitMs(6_000), 0);
  });

  it('tells everybody who finds no room another moment', () => {
    const state = new ScopeState({ windows: [{ calls: 2, ms: 1_000 }] }, 0);
    for (let call = 0; call < 2; call += 1) {
      state.start();
      state.end(0);
    }
    const promises = Array.from({ length: 5 }, () => state.promise(0));
    assert.deepEqual(promises, [1_000, 1_000, 2_000, 2_000, 3_000]);
  });

  it('promises what a bucket will have', () => {
    const state = new ScopeState({ bucket: { burst: 1, everyMs: 6_000 } }, 0);
    state.start();
    state.end(0);
    assert.deepEqual([state.promise(0), state.promise(0)], [6_000, 12_000]);
  });

  it('pauses as long as it was asked', () => {
    const state = new ScopeState({}, 0);
    state.pause(500);
    assert.deepEqual([state.waitMs(0), state.waitMs(500)], [500, 0]);
  });
});
