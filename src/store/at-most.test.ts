import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { atMost } from './at-most.ts';

test('so many run at a time, the others in their order, and one that fails gives its place on', async () => {
  const inTurn = atMost({ count: 2, clock: new VirtualClock(), patienceMs: 1_000 });
  const begun: number[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const all = [0, 1, 2, 3].map((index) =>
    inTurn(() => {
      begun.push(index);
      const end = Promise.withResolvers<void>();
      ends.push(end);
      return end.promise;
    }),
  );
  assert.deepEqual(begun, [0, 1]);
  ends[1]?.reject(new Error('failed'));
  await assert.rejects(all[1] ?? assert.fail(), { message: 'failed' });
  await new Promise(setImmediate);
  assert.deepEqual(begun, [0, 1, 2]);
  ends[0]?.resolve();
  ends[2]?.resolve();
  await Promise.all([all[0], all[2]]);
  await new Promise(setImmediate);
  assert.deepEqual(begun, [0, 1, 2, 3]);
  ends[3]?.resolve();
  await all[3];
  await inTurn(async () => begun.push(4));
  assert.deepEqual(begun.at(-1), 4);
});

test('whoever waits too long is told so, and takes nobody else its turn', async () => {
  const clock = new VirtualClock();
  const inTurn = atMost({ count: 1, clock, patienceMs: 1_000 });
  const silent = Promise.withResolvers<void>();
  const first = inTurn(() => silent.promise);
  const second = inTurn(async () => 'second');
  const refused = assert.rejects(second, { name: 'StoreUnavailable' });
  await clock.advance(1_000);
  await refused;
  const third = inTurn(async () => 'third');
  silent.resolve();
  await first;
  assert.equal(await third, 'third');
});
