import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startPostgres } from './postgres.ts';

it('a PostgreSQL that does not start says why, and does not pass for one that did', async () => {
  await assert.rejects(startPostgres(['-c', 'shared_buffers=none']), /did not start: .*shared_buffers/s);
});
