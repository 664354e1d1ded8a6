import { openReader } from './until-all-over.ts';

/** Everything that a database holds, a row as text, so that one can be looked for in it. */
export async function readAllRows(database: string): Promise<string[]> {
  const reader = await openReader(database);
  try {
    const tables = await reader.ask(
      database.startsWith('sqlite:')
        ? "SELECT name FROM sqlite_schema WHERE type = 'table'"
        : "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    const rows: string[] = [];
    for (const { name } of tables) {
      const found = await reader.ask(`SELECT * FROM "${name}"`);
      rows.push(...found.map((row) => `${name} ${JSON.stringify(row, showBytes)}`));
    }
    return rows.toSorted();
  } finally {
    await reader.close();
  }
}

/** As text that may be read, whether a column is of text or of bytes. */
const showBytes = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
