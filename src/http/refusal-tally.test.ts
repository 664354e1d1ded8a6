import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { LogFields } from '../model/logger.ts';
import { silentMeter } from '../model/meter.ts';
import { RefusalTally } from './refusal-tally.ts';

test('refusals that are alike are one line a second, with their number', async () => {
  const clock = new VirtualClock();
  const lines: LogFields[] = [];
  const tally = new RefusalTally({
    clock,
    meter: silentMeter,
    logger: { warn: (_event, fields = {}) => lines.push(fields) },
  });
  const overloaded = { status: 503, route: '/a', botId: null };
  for (let call = 0; call < 1_000; call += 1) tally.add(overloaded);
  tally.add({ status: 429, route: '/a', botId: 'st-1' });
  assert.deepEqual(lines, []);
  await clock.advance(1_000);
  assert.deepEqual(lines.splice(0), [
    { ...overloaded, count: 1_000 },
    { status: 429, route: '/a', botId: 'st-1', count: 1 },
  ]);
  await clock.advance(5_000);
  assert.deepEqual(lines, []);
  tally.add(overloaded);
  await clock.advance(1_000);
  assert.deepEqual(lines, [{ ...overloaded, count: 1 }]);
});
