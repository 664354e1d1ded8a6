import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atMost } from './at-most.ts';

test('so many run at a time, the others in their order, and one that fails gives its place on', async () => {
  const inTurn = atMost(2);
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
