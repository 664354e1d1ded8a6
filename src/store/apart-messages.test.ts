import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Outbox } from './apart-messages.ts';

it('what is said in one turn crosses at once, in its order', async () => {
  const sent: (readonly string[])[] = [];
  const outbox = new Outbox<string>((items) => sent.push(items));
  for (const item of ['a', 'b', 'c']) outbox.put(item);
  assert.deepEqual(sent, []);
  await setImmediate();
  outbox.put('d');
  await setImmediate();
  assert.deepEqual(sent, [['a', 'b', 'c'], ['d']]);
});

it('what must not wait for the end of the turn crosses before it, once', async () => {
  const sent: (readonly string[])[] = [];
  const outbox = new Outbox<string>((items) => sent.push(items));
  outbox.put('the last');
  outbox.flush();
  assert.deepEqual(sent, [['the last']]);
  await setImmediate();
  assert.deepEqual(sent, [['the last']]);
});
