import { Client } from 'pg';
import { delay } from './delay.ts';

/** Without any progress for so long, nobody will finish it. */
const PATIENCE_MS = 12_000;

/** Asks the database itself until nobody is pending; answers how many ended otherwise than delivered, or did not end. */
export async function untilAllOver(database: string): Promise<{ readonly undelivered: number }> {
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    for (let [before, movedAt] = [-1, 0]; ; await delay(50)) {
      const result = await client.query<{ pending: string; undelivered: string }>(
        'SELECT coalesce(sum(pending), 0) AS pending, coalesce(sum(total - delivered), 0) AS undelivered FROM notifications',
      );
      const pending = Number(result.rows[0]?.pending);
      if (pending !== before) [before, movedAt] = [pending, performance.now()];
      const isStuck = performance.now() - movedAt > PATIENCE_MS;
      if (pending === 0 || isStuck) return { undelivered: Number(result.rows[0]?.undelivered) };
    }
  } finally {
    await client.end();
  }
}
