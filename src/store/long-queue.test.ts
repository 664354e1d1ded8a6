import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { startPostgres, type TestPostgres } from '../../test/support/postgres.ts';
import { systemClock } from '../model/clock.ts';
import { randomId } from '../model/ids.ts';
import { allDelivered, EXPIRED, queueOf, record, sample } from './exam-samples.ts';
import { openStore } from './open.ts';
import type { Queue } from './port/work.ts';
import type { Store } from './port.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

const WAITING = 3_000;

test('whoever works on a long queue reads what it works on, whatever PostgreSQL believes of its length', async () => {
  const read = await rowsReadBy({ delayMs: EXPIRED }, async (store, queue) => {
    const batches = await store.claimDue({ queue, owner: 'test', leaseMs: 60_000, limit: 10 });
    assert.equal(batches.length, 10);
    await store.listChanged({ notifications: batches });
    await store.extendLeases({ held: batches, leaseMs: 60_000 });
    assert.deepEqual(await record(store, batches.map(allDelivered)), { lost: [] });
  });
  assert.ok(read < WAITING / 2, `${read} rows`);
});

test('a queue in which all wait for another try costs nothing to look into', async () => {
  const read = await rowsReadBy({ delayMs: 60_000 }, async (store, queue) => {
    assert.deepEqual(await store.claimDue({ queue, owner: 'test', leaseMs: 60_000, limit: 10 }), []);
  });
  assert.ok(read < WAITING / 2, `${read} rows`);
});

/** Of the tables that grow, when ten times the same is done to a queue that was filled meanwhile. */
async function rowsReadBy(
  { delayMs }: { readonly delayMs: number },
  work: (store: Store, queue: Queue) => Promise<void>,
): Promise<number> {
  const url = await postgres.createDatabase();
  const botId = randomId('st');
  const filling = await openStore(url, { clock: systemClock });
  for (let from = 0; from < WAITING; from += 100) {
    await Promise.all(Array.from({ length: 100 }, () => filling.accept(sample({ botId, delayMs }))));
  }
  // What a connection has read is counted when it is closed.
  await filling.close();
  await ask(url, 'SELECT pg_stat_reset()');
  const store = await openStore(url, { clock: systemClock });
  for (let times = 0; times < 10; times += 1) await work(store, queueOf(sample({ botId })));
  await store.close();
  const [row] = await ask(
    url,
    `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS rows FROM pg_stat_user_tables
     WHERE relname IN ('batches', 'notifications', 'logs')`,
  );
  return Number(row?.['rows']);
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
