import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { CallsInWork } from './limit-work.ts';

/** How many find a place, one after the other. */
function placesOf(calls: CallsInWork): number {
  const left: (() => void)[] = [];
  const answer = { once: (_: string, leave: () => void) => left.push(leave) } as unknown as ServerResponse;
  while (calls.enter({} as IncomingMessage, answer));
  for (const leave of left) leave();
  return left.length;
}

describe('places for calls in work', () => {
  it('are fewer while turns of the loop are long, and as many as ever after it', () => {
    const calls = new CallsInWork(100);
    assert.equal(placesOf(calls), 100);
    assert.equal(calls.heedTurn(9), true);
    assert.equal(placesOf(calls), 90);
    for (let turn = 0; turn < 100; turn += 1) calls.heedTurn(40);
    assert.equal(placesOf(calls), 13);
    for (let turn = 0; turn < 87; turn += 1) assert.equal(calls.heedTurn(8), true);
    assert.equal(calls.heedTurn(8), false);
    assert.equal(placesOf(calls), 100);
  });
});
