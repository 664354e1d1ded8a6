import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { BOT, call, OTHER_BOT, type Reply, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import type { CallLimits } from '../../model/tenancy.ts';
import { CallWindows } from './call-windows.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;

describe('rolling windows', () => {
  it('admit the limit and not one more, until the oldest call is a minute old', () => {
    const windows = new CallWindows();
    const limits = { perMinute: 3, perHour: 0 };
    const admitted = (now: number) => windows.admit('a', limits, now).admitted;
    assert.deepEqual([0, 10, 20, 30, 59_999].map(admitted), [true, true, true, false, false]);
    assert.deepEqual([60_000, 60_001, 60_010, 60_011].map(admitted), [true, false, true, false]);
  });

  it('tell the full window, its wait, and the hour before the minute', () => {
    const windows = new CallWindows();
    const limits = { perMinute: 2, perHour: 3 };
    assert.deepEqual(windows.admit('a', limits, 0), {
      admitted: true,
      tightest: { limit: 2, remaining: 1, resetMs: MINUTE },
    });
    windows.admit('a', limits, 1000);
    const minute = windows.admit('a', limits, 2000);
    assert.deepEqual(minute, { admitted: false, window: 'minute', state: { limit: 2, remaining: 0, resetMs: 58_000 } });
    windows.admit('a', limits, MINUTE);
    const hour = windows.admit('a', limits, MINUTE + 1);
    assert.deepEqual(hour, {
      admitted: false,
      window: 'hour',
      state: { limit: 3, remaining: 0, resetMs: HOUR - MINUTE - 1 },
    });
  });

  it('tell the minute when it outlasts a full hour', () => {
    const windows = new CallWindows();
    const limits = { perMinute: 2, perHour: 3 };
    for (const at of [0, HOUR - 1000, HOUR - 500]) assert.ok(windows.admit('a', limits, at).admitted);
    const refused = windows.admit('a', limits, HOUR - 400);
    assert.deepEqual(refused, {
      admitted: false,
      window: 'minute',
      state: { limit: 2, remaining: 0, resetMs: 59_400 },
    });
  });

  it('0 switches a window off, or both', () => {
    const windows = new CallWindows();
    for (let i = 0; i < 1000; i++) {
      assert.deepEqual(windows.admit('a', { perMinute: 0, perHour: 0 }, 0), { admitted: true, tightest: null });
    }
    assert.equal(windows.size, 0);
    for (let i = 0; i < 5; i++) assert.ok(windows.admit('b', { perMinute: 0, perHour: 5 }, 0).admitted);
    assert.equal(windows.admit('b', { perMinute: 0, perHour: 5 }, 0).admitted, false);
  });

  it('each bot has its own; a limit lowered on the way counts what was', () => {
    const windows = new CallWindows();
    for (let i = 0; i < 5; i++) windows.admit('a', { perMinute: 5, perHour: 0 }, i * 1000);
    assert.ok(windows.admit('b', { perMinute: 1, perHour: 0 }, 5000).admitted);
    const refused = windows.admit('a', { perMinute: 2, perHour: 0 }, 5000);
    assert.deepEqual(refused, {
      admitted: false,
      window: 'minute',
      state: { limit: 2, remaining: 0, resetMs: 58_000 },
    });
  });

  it('forget bots that fell silent', () => {
    const windows = new CallWindows();
    const limits = { perMinute: 600, perHour: 18_000 };
    for (let i = 0; i < 10_000; i++) windows.admit(`bot-${i}`, limits, 0);
    for (let i = 0; i < 6000; i++) windows.admit('busy', limits, HOUR + i * 1000);
    assert.equal(windows.size, 1);
  });

  it('property: a call is admitted exactly when both windows have room, and the wait told is exact', () => {
    const limits = fc.record({ perMinute: fc.integer({ min: 0, max: 6 }), perHour: fc.integer({ min: 0, max: 12 }) });
    const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 0, max: HOUR })), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(limits, gaps, (given, waits) => {
        const windows = new CallWindows();
        const admittedAt: number[] = [];
        let now = 0;
        for (const wait of waits) {
          now += wait;
          const decision = windows.admit('a', given, now);
          assert.equal(decision.admitted, hasRoom(admittedAt, given, now));
          if (decision.admitted) admittedAt.push(now);
          else assert.ok(hasRoom(admittedAt, given, now + decision.state.resetMs));
          if (!decision.admitted) assert.ok(!hasRoom(admittedAt, given, now + decision.state.resetMs - 1));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** The definition, word for word, over every call ever admitted. */
function hasRoom(admittedAt: readonly number[], { perMinute, perHour }: CallLimits, now: number): boolean {
  const within = (windowMs: number) => admittedAt.filter((at) => at > now - windowMs).length;
  return (perMinute === 0 || within(MINUTE) < perMinute) && (perHour === 0 || within(HOUR) < perHour);
}

describe('call limits over HTTP', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig({ callLimits: { perMinute: 4, perHour: 6 } });
  });
  after(() => rig.close());

  const look = async (version: string, method: string, bot = BOT): Promise<Reply> =>
    call(rig, `/api/public/bot/${bot}/${version}`, {
      method,
      headers: { auth: await tokenFor('cs-both'), 'content-type': 'application/json' },
      ...(method === 'POST' && { body: '{}' }),
    });
  const rates = (reply: Reply): (string | null)[] =>
    ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after'].map((name) => reply.headers.get(name));

  it('all four routes share the bot’s windows, refused bodies and unknown ids included', async () => {
    const replies = [
      await look('notify', 'POST'),
      await look('notifyV2', 'POST'),
      await look('notify/status/x', 'GET'),
      await look('notifyV2/status/x', 'POST'),
    ];
    assert.deepEqual(
      replies.map((reply) => reply.status),
      [412, 412, 400, 400],
    );
    assert.deepEqual(replies.map(rates), [
      ['4', '3', '60', null],
      ['4', '2', '60', null],
      ['4', '1', '60', null],
      ['4', '0', '60', null],
    ]);
    rig.clock.advance(12_300);
    const over = await look('notify', 'POST');
    assert.equal(over.status, 429);
    assert.equal(
      over.text,
      '{"errors":[{"msg":"You\'ve exceeded the per-minute rate limit. Please wait for sometime before retrying.","code":429}]}',
    );
    assert.deepEqual(rates(over), ['4', '0', '48', '48']);
    assert.equal((await look('notify', 'POST', OTHER_BOT)).status, 412, 'another bot is not held up');
  });

  it('the hour has its own text and wait, and calls without a good token do not count', async () => {
    rig.clock.advance(60_000);
    await call(rig, `/api/public/bot/${BOT}/notify/status/x`, { headers: { auth: 'forged' } });
    assert.deepEqual(rates(await look('notify', 'POST')), ['6', '1', '3528', null]);
    assert.deepEqual(rates(await look('notify', 'POST')), ['6', '0', '3528', null]);
    const over = await look('notifyV2', 'POST');
    assert.match(over.text, /You've exceeded the hourly rate limit\. Please wait for sometime before retrying\./);
    assert.deepEqual(rates(over), ['6', '0', '3528', '3528']);
    rig.clock.advance(3_527_699);
    assert.equal((await look('notify', 'POST')).status, 429);
    rig.clock.advance(1);
    assert.equal((await look('notify', 'POST')).status, 412);
  });
});
