import { Client, Pool } from 'pg';
import type { HeldBatch } from '../../src/store/port/work.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: a lease that was lost to another is still believed in, and what it ends is ended anew. */
const connectionString = process.argv[process.argv.indexOf('--database') + 1] ?? '';
const pool = new Pool({ connectionString, max: 2 });

const query: (...args: unknown[]) => unknown = Client.prototype.query;
Object.defineProperty(Client.prototype, 'query', {
  value: function queryAnew(this: Client, statement: unknown, ...rest: unknown[]) {
    const isNamed = typeof statement === 'object' && statement !== null && 'text' in statement;
    const anew = isNamed ? { ...statement, text: rewriting(String(statement.text)) } : statement;
    return query.call(this, anew, ...rest);
  },
});

const rewriting = (sql: string): string =>
  sql.startsWith('INSERT INTO logs')
    ? `${sql} ON CONFLICT (bot_id, notification_id, seq) DO UPDATE SET at = excluded.at`
    : sql;

/** The number that would prove that the batch is ours, whosever it is. */
async function steal<T extends HeldBatch>(batch: T): Promise<T> {
  const { rows } = await pool.query<{ token: string }>(
    'SELECT token FROM batches WHERE bot_id = $1 AND notification_id = $2 AND batch_no = $3',
    [batch.botId, batch.notificationId, batch.batchNo],
  );
  return { ...batch, token: Number(rows[0]?.token ?? batch.token) };
}

await serveBroken((store) => ({
  ...store,
  checkpoint: async (request) => {
    const stealFor = async <P extends { readonly batch: HeldBatch }>(progress: P) => ({
      ...progress,
      batch: await steal(progress.batch),
    });
    await store.checkpoint({ ...request, batches: await Promise.all(request.batches.map(stealFor)) });
    return { lost: [] };
  },
  extendLeases: async (request) => {
    await store.extendLeases({ ...request, held: await Promise.all(request.held.map(steal)) });
    return [...request.held];
  },
}));
