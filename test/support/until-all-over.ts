import { Client } from 'pg';
import { delay } from './delay.ts';

/** Without any progress for so long, nobody will finish it. */
const PATIENCE_MS = 12_000;

export interface Leftovers {
  /** Recipients that did not end as delivered, or did not end. */
  readonly undelivered: number;
  /** What became of them: `3 pending, 2 failed (poison)`. */
  readonly detail: string;
}

/** Asks the database itself until nobody is pending, or nothing moves any more. */
export async function untilAllOver(database: string): Promise<Leftovers> {
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    for (let [before, movedAt] = [-1, 0]; ; await delay(50)) {
      const sums = await client.query<{ pending: string; undelivered: string }>(
        'SELECT coalesce(sum(pending), 0) AS pending, coalesce(sum(total - delivered), 0) AS undelivered FROM notifications',
      );
      const [pending, undelivered] = [Number(sums.rows[0]?.pending), Number(sums.rows[0]?.undelivered)];
      if (pending !== before) [before, movedAt] = [pending, performance.now()];
      const isStuck = performance.now() - movedAt > PATIENCE_MS;
      if (pending === 0 || isStuck) return { undelivered, detail: await explain(client, pending) };
    }
  } finally {
    await client.end();
  }
}

async function explain(client: Client, pending: number): Promise<string> {
  const rows = await client.query<{ words: string }>(
    `SELECT count(*) || ' ' || state || ' (' || coalesce(reason, '') || ' ' || coalesce(min(detail), '') || ')' AS words
     FROM logs WHERE state <> 'delivered' GROUP BY state, reason`,
  );
  const words = rows.rows.map((row) => row.words);
  return (pending > 0 ? [`${pending} pending`, ...words] : words).join(', ');
}
