import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Urgency } from './urgency.ts';

describe('urgency', () => {
  it('ends a look it is heard in, and not what was heard before it began', () => {
    const urgency = new Urgency();
    urgency.call();
    urgency.begin();
    assert.equal(urgency.endsLook(), false);
    urgency.call();
    assert.equal(urgency.endsLook(), true);
  });

  it('ends no two looks in a row, however much comes', () => {
    const urgency = new Urgency();
    const ended = Array.from({ length: 4 }, () => {
      urgency.begin();
      urgency.call();
      return urgency.endsLook();
    });
    assert.deepEqual(ended, [true, false, true, false]);
  });

  it('waits for nothing more once it is heard, but in the look after one it ended', async () => {
    const urgency = new Urgency();
    const never = new Promise<boolean>(() => {});
    urgency.begin();
    const waited = urgency.orElse(never);
    urgency.call();
    assert.equal(await waited, false);
    assert.equal(await urgency.orElse(never), false, 'heard before');
    assert.equal(urgency.endsLook(), true);
    urgency.begin();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const undisturbed = urgency.orElse(promise);
    urgency.call();
    resolve(true);
    assert.equal(await undisturbed, true);
  });

  it('fails as the task does', async () => {
    const urgency = new Urgency();
    urgency.begin();
    await assert.rejects(urgency.orElse(Promise.reject(new Error('gone'))), /gone/);
  });
});
