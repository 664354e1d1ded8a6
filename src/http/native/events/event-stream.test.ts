import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ZERO } from '../../../store/exam-samples.ts';
import { EventStream } from './event-stream.ts';
import type { Progress } from './progress.ts';

describe('a stream of events', () => {
  let [now, cuts] = [0, 0];
  const clock = { now: () => now, monotonic: () => now, after: () => () => {} };
  let stream: EventStream;
  let lines: AsyncGenerator<string, void, undefined>;
  beforeEach(() => {
    [now, cuts] = [0, 0];
    stream = new EventStream({ clock, seen: null, cut: () => cuts++ });
    lines = stream.lines();
  });

  const progress = (delivered: number, perSecond: number | null = null): Progress => {
    const at = '2026-03-01T10:00:00.000Z';
    const counts = { ...ZERO, total: 10, pending: 10 - delivered, delivered };
    const finishedAt = delivered === 10 ? at : null;
    const times = { updatedAt: at, finishedAt, cancelledAt: null, pausedAt: null, pausedReason: null };
    const document = { id: 'ds-1', counts, reasons: {}, perSecond, etaSeconds: null, ...times };
    return { version: `v${delivered}`, document };
  };
  const next = async () => (await lines.next()).value ?? null;
  const idOf = (text: string | null) => /^id: (\w+)$/m.exec(text ?? '')?.[1];
  const isWaiting = () => new Promise((resolve) => setImmediate(resolve));

  it('skips for the slow what is true no more, and never the end', async () => {
    stream.show(progress(1));
    assert.equal(idOf(await next()), 'v1');
    for (const delivered of [2, 3, 4]) stream.show(progress(delivered));
    assert.equal(idOf(await next()), 'v4');
    stream.show(progress(10));
    stream.end();
    assert.match((await next()) ?? '', /^id: v10\nevent: end\ndata: \{.*\}\n\n$/);
    assert.equal(await next(), null);
  });

  it('cuts whoever takes nothing for half a minute, and nobody who waits', async () => {
    stream.show(progress(1));
    await next();
    now = 29_999;
    stream.tick();
    assert.equal(cuts, 0);
    now = 30_000;
    stream.tick();
    assert.equal(cuts, 1);

    const waiting = next();
    await isWaiting();
    now = 70_000;
    stream.tick();
    assert.equal(cuts, 1);
    assert.equal(await waiting, ':\n\n');
  });

  it('repeats nothing, but that it came to a halt', async () => {
    stream.show(progress(1, 5));
    await next();
    const waiting = next();
    await isWaiting();
    stream.show(progress(1, 3));
    stream.show(progress(1, 0));
    stream.show(progress(1, 0));
    assert.match((await waiting) ?? '', /"perSecond":0/);
    stream.end();
    assert.equal(await next(), null);
  });
});
