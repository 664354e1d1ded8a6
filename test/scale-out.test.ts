import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type BeckonProcess, untilFinished } from './support/beckon.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { openRehearsal } from './support/rehearsal.ts';

const PEOPLE = 1_000;
const BATCHES = PEOPLE / 100;

describe('two servers over one PostgreSQL', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  it("share one notification's batches, and killing one loses nothing", { timeout: 60_000 }, async () => {
    // One slow send at a time: either alone would need far longer than both are given.
    const rehearsal = await openRehearsal({ limits: 'off', concurrency: 4 });
    try {
      const args = ['--database', await postgres.createDatabase(), '--lease-ms', '3000'];
      const [first, second] = await Promise.all([rehearsal.start(args), rehearsal.start(args)]);
      await rehearsal.importPeople(first.url, PEOPLE);
      rehearsal.sandbox.faults.add({ provider: 'teams', route: 'send', fault: { kind: 'slow', delayMs: 20 } });
      const id = await rehearsal.notify(first.url, PEOPLE, 'shared');
      await Promise.all([first.line(/batch attempted/), second.line(/batch attempted/)]);
      await first.kill();
      rehearsal.sandbox.faults.clear();
      const client = rehearsal.client(second.url);
      const status = await untilFinished(second, () => client.status({ botId: rehearsal.botId, requestId: id }));
      assert.equal(status.status, 'SUCCESS');
      assert.equal(status.count, PEOPLE);
      assert.equal(new Set(status.statusLogs.map((log) => log.originalId)).size, PEOPLE);
      assert.ok(batchesOf(first) > 0 && batchesOf(second) > 0);
      assert.ok(batchesOf(first) < BATCHES);
    } finally {
      await rehearsal.close();
    }
  });
});

const batchesOf = (server: BeckonProcess): number => server.lines.filter((line) => /batch attempted/.test(line)).length;
