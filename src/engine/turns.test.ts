import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Queue } from '../store/port/work.ts';
import { laneTurns, orderQueues, Turns } from './turns.ts';

/** Whoever is first in turn is served one; answers how much each got. */
function serve(turns: Turns, bots: readonly string[], count: number): Record<string, number> {
  const got: Record<string, number> = Object.fromEntries(bots.map((bot) => [bot, 0]));
  for (let turn = 0; turn < count; turn += 1) {
    const [next = ''] = bots.toSorted((one, other) => turns.placeOf(one) - turns.placeOf(other));
    turns.count(next, 1);
    got[next] = (got[next] ?? 0) + 1;
  }
  return got;
}

describe('Turns', () => {
  it('go round', () => {
    assert.deepEqual(serve(new Turns(() => 1), ['a', 'b', 'c'], 300), { a: 100, b: 100, c: 100 });
  });

  it('are as many as a bot has weight', () => {
    const weights: Record<string, number> = { a: 1, b: 3, c: 6 };
    const got = serve(new Turns((bot) => weights[bot] ?? 1), ['a', 'b', 'c'], 1_000);
    assert.ok(Math.abs((got['a'] ?? 0) - 100) <= 2 && Math.abs((got['b'] ?? 0) - 300) <= 2, JSON.stringify(got));
  });

  it('bring the quiet before the busy, and nobody saves turns up', () => {
    const turns = new Turns(() => 1);
    assert.deepEqual(serve(turns, ['busy'], 1_000), { busy: 1_000 });
    assert.ok(turns.placeOf('quiet') < turns.placeOf('busy'), 'who has just begun goes first');
    assert.deepEqual(serve(turns, ['busy', 'quiet'], 100), { busy: 50, quiet: 50 });
  });

  it('cost as much as was taken', () => {
    const turns = new Turns(() => 1);
    turns.count('large', 1_000);
    assert.deepEqual(serve(turns, ['large', 'small'], 1_000), { large: 0, small: 1_000 });
  });
});

describe('orderQueues', () => {
  const at = (lane: Queue['lane'], botId: string, size: Queue['size'] = 'large'): Queue => ({
    lane,
    botId,
    connectionId: 'dc-1',
    size,
  });
  const due = (queue: Queue, dueInMs = 0) => ({ queue, dueInMs });
  const shown = (queues: readonly Queue[]) => queues.map(({ lane, botId, size }) => `${lane} ${botId} ${size}`);

  it('goes by lane, then by turn, then by size, and leaves out what is not due', () => {
    const turns = laneTurns(() => 1);
    turns.bulk.count('a', 1_000);
    turns.normal.count('b', 10);
    const states = [
      due(at('bulk', 'a')),
      due(at('bulk', 'b')),
      due(at('bulk', 'c'), 5),
      due(at('normal', 'a')),
      due(at('normal', 'a', 'small')),
      due(at('normal', 'b', 'small')),
      due(at('urgent', 'b')),
    ];
    assert.deepEqual(shown(orderQueues(states, turns)), [
      'urgent b large',
      'normal a small',
      'normal a large',
      'normal b small',
      'bulk b large',
      'bulk a large',
    ]);
  });

  it('does not pay for what is urgent in bulk', () => {
    const turns = laneTurns(() => 1);
    turns.urgent.count('a', 1_000);
    const states = [due(at('bulk', 'a')), due(at('bulk', 'b'))];
    assert.deepEqual(shown(orderQueues(states, turns)), ['bulk a large', 'bulk b large']);
  });
});
