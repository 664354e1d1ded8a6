import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Queue } from '../store/port/work.ts';
import { BatchSizes } from './batch-sizes.ts';

const small: Queue = { lane: 'normal', size: 'small', botId: 'st-1', connectionId: 'dc-1' };

test('a queue of single recipients is claimed 32 batches at a time, one of full batches ten', () => {
  const sizes = new BatchSizes();
  assert.equal(sizes.worthClaiming(small, 1_024), 10);
  sizes.learn(small, 1);
  assert.equal(sizes.worthClaiming(small, 1_024), 32);
  assert.equal(sizes.worthClaiming(small, 30), 30);
  assert.equal(sizes.worthClaiming(small, 0), 0);
  assert.equal(sizes.worthClaiming({ ...small, botId: 'st-2' }, 1_024), 10);
  sizes.learn(small, 100);
  assert.equal(sizes.worthClaiming(small, 1_024), 10);
});

test('a run is made of full batches, but for its last one', () => {
  const sizes = new BatchSizes();
  const large: Queue = { ...small, lane: 'bulk', size: 'large' };
  sizes.learn(large, 1);
  assert.equal(sizes.worthClaiming(large, 1_024), 10);
  assert.equal(sizes.worthClaiming(large, 250), 3);
});
