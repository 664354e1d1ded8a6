import { Client } from 'pg';
import { systemClock } from '../../src/model/clock.ts';
import { openStore } from '../../src/store/open.ts';

const SHARDS = 4;

/**
 * An empty PostgreSQL database becomes one whose tables are in four parts by the hash of the bot. Its rules for keys are
 * those of a cluster that is sharded by tenant: what is unique is so within a bot only.
 */
export async function shardByBot(url: string): Promise<void> {
  await (await openStore(url, { clock: systemClock })).close();
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const table of await tablesOfBots(client)) {
    await client.query(`ALTER TABLE ${table} RENAME TO whole`);
    await client.query(`CREATE TABLE ${table} (LIKE whole INCLUDING ALL) PARTITION BY HASH (bot_id)`);
    for (let shard = 0; shard < SHARDS; shard += 1) {
      await client.query(
        `CREATE TABLE ${table}_${shard} PARTITION OF ${table} FOR VALUES WITH (MODULUS ${SHARDS}, REMAINDER ${shard})`,
      );
    }
    await client.query('DROP TABLE whole');
  }
  await client.end();
}

async function tablesOfBots(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ table_name: string }>(
    `SELECT table_name FROM information_schema.columns
     WHERE table_schema = current_schema() AND column_name = 'bot_id' ORDER BY table_name`,
  );
  if (rows.length === 0) throw new Error('no table has a bot_id');
  return rows.map((row) => row.table_name);
}

/** Forgets what was looked into until now; building a table's indexes is a look too. */
export async function forgetTouches(client: Client): Promise<void> {
  await client.query('SELECT pg_stat_reset()');
}

/** The parts of `table` that closed connections have written to since. */
export const shardsWritten = (client: Client, table: string) => shardsWith(client, table, 'n_tup_ins + n_tup_upd');

/** The parts of `table` that closed connections have looked into or written to since. */
export const shardsTouched = (client: Client, table: string) =>
  shardsWith(client, table, 'coalesce(idx_scan, 0) + seq_scan + n_tup_ins');

async function shardsWith(client: Client, table: string, count: string): Promise<string[]> {
  const { rows } = await client.query<{ relname: string }>(
    `SELECT relname FROM pg_stat_user_tables
     WHERE relname ~ ('^' || $1 || '_[0-9]$') AND ${count} > 0 ORDER BY relname`,
    [table],
  );
  return rows.map((row) => row.relname);
}
