import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { type HookStage, openHookStage } from './support/hook-stage.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { forgetTouches, shardByBot, shardsTouched, shardsWritten } from './support/sharded-database.ts';

const PEOPLE = 500;

describe('a PostgreSQL sharded by bot', () => {
  let postgres: TestPostgres;
  let stage: HookStage;
  before(async () => {
    postgres = await startPostgres();
    stage = await openHookStage({ bots: ['ann'] });
  });
  after(async () => {
    await stage?.close();
    await postgres?.stop();
  });

  it("accepts and records in the bot's own shard, and looks into no other one's logs", {
    timeout: 60_000,
  }, async () => {
    const database = await postgres.createDatabase();
    await shardByBot(database);
    const client = new Client({ connectionString: database });
    await client.connect();
    try {
      const server = await stage.start(['--database', database, '--linger-ms', '0']);
      await forgetTouches(client);
      const { id } = await stage.send(server.url, { bot: 'ann', text: 'hello', people: PEOPLE });
      assert.ok(id !== null);
      await stage.sandbox.until(() => stage.sandbox.ledger.total('hooks') === PEOPLE);
      // What is cancelled is looked for over all bots, as queues are.
      // What its connections did is counted by the time they are closed.
      assert.equal(await server.stop(), 0);
      const touched = [await shardsWritten(client, 'notifications'), await shardsTouched(client, 'logs')];
      assert.deepEqual(
        touched.map((shards) => shards.length),
        [1, 1],
        JSON.stringify(touched),
      );
      const { rows } = await client.query('SELECT count(*)::int AS logs FROM logs');
      assert.deepEqual(rows, [{ logs: PEOPLE }]);
    } finally {
      await client.end();
    }
  });
});
