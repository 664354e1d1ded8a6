import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { giveBackAtRest } from './at-rest.ts';

const MB = 1024 * 1024;

function threadOf() {
  const thread = { share: 0, bytes: 60 * MB, collections: 0 };
  return {
    thread,
    busy: () => thread.share,
    heapBytes: () => thread.bytes,
    collect: () => {
      thread.collections += 1;
      thread.bytes = 30 * MB;
    },
  };
}

describe('a thread at rest', () => {
  it('gives back once, and again when there is something to be had', async () => {
    const clock = new VirtualClock();
    const { thread, ...parts } = threadOf();
    const end = giveBackAtRest(clock, parts);
    await clock.advance(10_000);
    assert.equal(thread.collections, 1);
    thread.bytes = 37 * MB;
    await clock.advance(10_000);
    assert.equal(thread.collections, 1);
    thread.bytes = 38 * MB;
    await clock.advance(10_000);
    assert.equal(thread.collections, 2);
    thread.share = 1;
    thread.bytes = 90 * MB;
    await clock.advance(1_000);
    thread.share = 0;
    await clock.advance(29_000);
    assert.equal(thread.collections, 2);
    await clock.advance(1_000);
    assert.equal(thread.collections, 3);
    end();
    thread.bytes = 90 * MB;
    await clock.advance(60_000);
    assert.equal(thread.collections, 3);
  });

  it('is not one that works', async () => {
    const clock = new VirtualClock();
    const { thread, ...parts } = threadOf();
    const end = giveBackAtRest(clock, parts);
    thread.share = 0.02;
    await clock.advance(10_000);
    assert.equal(thread.collections, 0);
    thread.share = 0.019;
    await clock.advance(1_000);
    assert.equal(thread.collections, 1);
    end();
  });
});
