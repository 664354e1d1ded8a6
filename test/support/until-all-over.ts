import { DatabaseSync } from 'node:sqlite';
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

/** Of whom, and how long without progress is the end. */
interface Watch {
  readonly botId?: string | null;
  readonly patienceMs?: number;
}

/** Asks the database itself until nobody is pending, of one bot if it is named, or nothing moves any more. */
export async function untilAllOver(
  database: string,
  { botId = null, patienceMs = PATIENCE_MS }: Watch = {},
): Promise<Leftovers> {
  const reader = await openReader(database);
  const those = botId === null ? '' : `WHERE bot_id = '${botId}'`;
  try {
    for (let [before, movedAt] = [-1, 0]; ; await delay(50)) {
      const [sums] = await reader.ask(
        `SELECT coalesce(sum(pending), 0) AS pending, coalesce(sum(total - delivered), 0) AS undelivered
         FROM notifications ${those}`,
      );
      const [pending, undelivered] = [Number(sums?.['pending']), Number(sums?.['undelivered'])];
      if (pending !== before) [before, movedAt] = [pending, performance.now()];
      const isStuck = performance.now() - movedAt > patienceMs;
      if (pending === 0 || isStuck) return { undelivered, detail: await explain(reader, pending) };
    }
  } finally {
    await reader.close();
  }
}

async function explain(reader: Reader, pending: number): Promise<string> {
  const rows = await reader.ask(
    `SELECT count(*) || ' ' || state || ' (' || coalesce(reason, '') || ' ' || coalesce(min(detail), '') || ')' AS words
     FROM logs WHERE state <> 'delivered' GROUP BY state, reason`,
  );
  const words = rows.map((row) => String(row['words']));
  return (pending > 0 ? [`${pending} pending`, ...words] : words).join(', ');
}

export interface Reader {
  ask(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

/** Looks at a database beside the servers that work on it, or after they died; changes nothing in it. */
export async function openReader(database: string): Promise<Reader> {
  if (database.startsWith('sqlite:')) {
    const file = new DatabaseSync(database.slice('sqlite:'.length), { readOnly: true, timeout: 5_000 });
    return { ask: async (sql) => file.prepare(sql).all(), close: async () => file.close() };
  }
  const client = new Client({ connectionString: database });
  await client.connect();
  return { ask: async (sql) => (await client.query(sql)).rows, close: () => client.end() };
}
