import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { accepted, type EngineRig, openEngineRig, type RigOptions } from '../../test/support/engine-rig.ts';
import type { Outcome } from '../model/outcome.ts';
import { Breaker, type BreakerNews } from './breaker.ts';

const failed: Outcome = { kind: 'failed', reason: 'provider_error', detail: 'HTTP 503' };
const lost: Outcome = { kind: 'unknown', reason: 'provider_timeout', detail: 'no answer' };
const bug: Outcome = { kind: 'unknown', reason: 'internal_error', detail: 'the channel broke off' };
const gone: Outcome = { kind: 'rejected', scope: 'recipient', reason: 'address_gone', detail: 'HTTP 404' };
const busy: Outcome = { kind: 'busy', scope: 'connection', retryAfterMs: 1_000, detail: 'HTTP 429' };

/** Sends that end a tenth of a second after each other; answers what was told at which of them. */
function run(breaker: Breaker, outcomes: readonly Outcome[], { isProbe = false, everyMs = 100, from = 0 } = {}) {
  return outcomes.flatMap((outcome, index): [number, BreakerNews['kind']][] => {
    const news = breaker.note(outcome, { isProbe }, from + index * everyMs);
    return news === null ? [] : [[index + 1, news.kind]];
  });
}
const times = (count: number, ...outcomes: Outcome[]) => Array.from({ length: count }, () => outcomes).flat();

describe('Breaker', () => {
  for (const [what, outcomes, opensAt] of [
    ['nothing but faults', times(40, failed), 20],
    ['nothing but lost answers', times(40, lost), 20],
    ['half of it faults', times(40, accepted, failed), 20],
    ['a little less than half', times(40, accepted, failed, accepted), null],
    ['19 faults', times(19, failed), null],
    ['a definite no', times(100, gone), null],
    ['being asked to slow down', times(100, busy), null],
    ['bugs of our own', times(100, bug), null],
  ] as const) {
    it(`${opensAt === null ? 'stays closed at' : 'opens at'} ${what}`, () => {
      assert.deepEqual(run(new Breaker(), outcomes), opensAt === null ? [] : [[opensAt, 'opened']]);
    });
  }

  it('counts the last twenty seconds', () => {
    assert.deepEqual(run(new Breaker(), times(100, failed), { everyMs: 1_200 }), []);
    assert.equal(run(new Breaker(), times(100, failed), { everyMs: 900 }).length, 1);
  });

  it('is open for 5 s, then up to a minute, and is closed by three probes that went well', () => {
    const breaker = new Breaker();
    run(breaker, times(20, failed));
    const heldMs: number[] = [];
    let now = 1_900;
    for (let probe = 0; probe < 6; probe += 1) {
      heldMs.push(breaker.hold.heldMs(now));
      now += breaker.hold.heldMs(now);
      assert.equal(breaker.note(failed, { isProbe: true }, now), null);
    }
    assert.deepEqual(heldMs, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    const probes = [accepted, busy, gone, accepted, accepted];
    assert.deepEqual(run(breaker, probes, { isProbe: true, from: now + 60_000 }), [[4, 'closed']]);
    assert.deepEqual([breaker.hold.probing, breaker.hold.why], [false, null]);
  });

  it('does not listen to what was sent before it opened', () => {
    const breaker = new Breaker();
    run(breaker, times(20, failed));
    const late = times(20, accepted, failed);
    assert.deepEqual(run(breaker, late, { from: 8_000 }), []);
    assert.deepEqual([breaker.hold.probing, breaker.hold.heldMs(12_000)], [true, 0]);
  });
});

describe('a provider that fails', () => {
  let rig: EngineRig;
  afterEach(() => rig.close());
  const people = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index}@x.org`);
  async function open(options: RigOptions): Promise<readonly string[]> {
    rig = await openEngineRig({ concurrency: 4, bots: 2, ...options });
    await rig.engine.start();
    const more = { resolve: false, lane: 'bulk' } as const;
    return Promise.all(rig.bots.map((bot) => rig.accept(bot, people(200), more)));
  }
  const told = () => rig.lines.filter((line) => line.includes('provider'));

  it('is called by nobody but probes, the operator is told once, and everybody is served when it is mended', async () => {
    let works = false;
    const ids = await open({ channel: { account: () => 'one' }, send: () => (works ? accepted : failed) });
    await rig.clock.advance(600_000);
    const burnt = rig.sends.length;
    assert.ok(burnt >= 20 && burnt <= 20 + 2 * 4 + 14, `${burnt} calls in ten minutes`);
    const state = rig.engine.describeConnection(rig.bots[1]?.connectionId ?? '');
    assert.match(state?.why ?? '', /HTTP 503/);
    assert.ok(state && state.heldMs > 0);
    const { batchesHeld } = rig.engine.snapshot();
    await rig.accept(rig.bots[1] ?? assert.fail(), people(1), { resolve: false, lane: 'urgent' });
    await rig.clock.advance(1_000);
    assert.equal(rig.engine.snapshot().batchesHeld, batchesHeld, 'nothing is claimed');
    assert.match(told().join('\n'), /^error provider failing: 20 of 20 sends failed within 20 s, at last: HTTP 503$/);
    works = true;
    await rig.clock.advance(120_000);
    assert.deepEqual(told().slice(1), ['info provider works again']);
    const logs = await Promise.all(ids.map((id, index) => rig.logs(rig.bots[index] ?? assert.fail(), id)));
    assert.equal(logs.flat().filter(({ state: end }) => end === 'delivered').length, 400);
    const attempts = logs.flat().reduce((sum, log) => sum + log.attempts, 0);
    assert.equal(
      attempts,
      rig.sends.filter(({ notificationId }) => ids.includes(notificationId)).length,
      'no attempt was spent but by a call',
    );
    assert.equal(rig.engine.describeConnection(rig.bots[1]?.connectionId ?? '')?.why, null);
  });

  it('is a matter of its own account alone', async () => {
    const [first = '', other = ''] = await open({
      send: ({ botId }) => (botId === rig.bots[0]?.botId ? failed : accepted),
    });
    await rig.clock.advance(2_000);
    const [bot, neighbour] = rig.bots;
    assert.equal((await rig.logs(neighbour ?? assert.fail(), other)).length, 200);
    assert.equal((await rig.logs(bot ?? assert.fail(), first)).length, 0);
  });
});
