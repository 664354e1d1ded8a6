import type { InsertShape } from './steps.ts';

/**
 * Everything the two databases must be told differently. Statements carry these tokens:
 * `{now}` the lease clock in epoch ms · `{any:text $1}` membership in an array parameter ·
 * `{list v(a text) $1}` an array of values as a table · `{rows v(a text, b int) $1}` an array of objects as one ·
 * `{texts v t.column}` what a column holds as a JSON array of texts, as `v.value` · `{lock}` / `{skip}` row locks ·
 * in migrations `{text}` (compared by bytes), `{int}` (64 bits), `{table}` / `{keyed}` what ends CREATE TABLE,
 * `{appendOnly t}` whose rows nothing may change or take away.
 */
export interface Dialect {
  readonly now: string;
  readonly lock: string;
  readonly skip: string;
  readonly text: string;
  readonly int: string;
  readonly table: string;
  readonly keyed: string;
  appendOnly(table: string): string;
  any(type: string, param: string): string;
  list(alias: string, column: string, type: string, param: string): string;
  texts(alias: string, column: string): string;
  rows(alias: string, columns: readonly (readonly [name: string, type: string])[], param: string): string;
  insertMany(into: InsertShape): string;
  placeholders(sql: string): string;
}

export const sqliteDialect: Dialect = {
  now: 'beckon_now()',
  // One process, one writer: nothing to lock against.
  lock: '',
  skip: '',
  text: 'TEXT',
  int: 'INTEGER',
  table: 'STRICT',
  keyed: 'STRICT, WITHOUT ROWID',
  appendOnly: (table) =>
    ['UPDATE', 'DELETE']
      .map(
        (verb) => `CREATE TRIGGER ${table}_refuse_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
          BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END`,
      )
      .join(';'),
  any: (_type, param) => `IN (SELECT value FROM json_each(${param}))`,
  list: (alias, column, _type, param) => `(SELECT value AS ${column} FROM json_each(${param})) AS ${alias}`,
  texts: (alias, column) => `json_each(${column}) AS ${alias}`,
  rows: (alias, columns, param) =>
    `(SELECT ${columns.map(([name]) => `value ->> '${name}' AS ${name}`).join(', ')} FROM json_each(${param})) AS ${alias}`,
  insertMany(into) {
    const names = Object.keys(into.columns);
    return `INSERT INTO ${into.table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ${into.onConflict}`;
  },
  placeholders: (sql) => sql.replace(/\$(\d+)/g, '?$1'),
};

export const postgresDialect: Dialect = {
  // Not now(): that is the start of the transaction, which may have waited for a lock.
  now: '(extract(epoch FROM clock_timestamp()) * 1000)::bigint',
  lock: 'FOR UPDATE',
  skip: 'FOR UPDATE SKIP LOCKED',
  // Byte order, as SQLite compares: keyset pages and queue order must not depend on the server's locale.
  text: 'TEXT COLLATE "C"',
  int: 'BIGINT',
  table: '',
  keyed: '',
  appendOnly: (table) =>
    `CREATE FUNCTION ${table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION '${table} is append-only'; END $$;
     CREATE TRIGGER ${table}_refuse_change BEFORE UPDATE OR DELETE ON ${table}
       FOR EACH ROW EXECUTE FUNCTION ${table}_refuse();
     CREATE TRIGGER ${table}_refuse_truncate BEFORE TRUNCATE ON ${table} EXECUTE FUNCTION ${table}_refuse()`,
  any: (type, param) => `= ANY(${param}::${postgresType(type)}[])`,
  // COLLATE: an index of byte order serves only comparisons in byte order.
  list: (alias, column, type, param) =>
    `(SELECT value ${type === 'text' ? 'COLLATE "C"' : ''} AS ${column} FROM unnest(${param}::${postgresType(type)}[]) AS value) AS ${alias}`,
  texts: (alias, column) => `json_array_elements_text(${column}::json) AS ${alias}(value)`,
  rows: (alias, columns, param) =>
    `json_to_recordset(${param}::json) AS ${alias}(${columns.map(([name, type]) => `${name} ${postgresType(type)}`).join(', ')})`,
  insertMany(into) {
    const columns = Object.entries(into.columns);
    const arrays = columns.map(([, type], index) => `$${index + 1}::${postgresType(type)}[]`);
    return `INSERT INTO ${into.table} (${columns.map(([name]) => name).join(', ')}) SELECT * FROM unnest(${arrays.join(', ')}) ${into.onConflict}`;
  },
  placeholders: (sql) => sql,
};

/** Fills the tokens of a statement for one dialect. Pure; adapters cache the result by the statement's text. */
export function translate(sql: string, dialect: Dialect): string {
  const filled = sql
    .replace(/\{(now|lock|skip|text|int|table|keyed)\}/g, (_match, token: keyof Pick<Dialect, 'now'>) => dialect[token])
    .replace(/\{appendOnly (\w+)\}/g, (_match, table: string) => dialect.appendOnly(table))
    .replace(/\{any:(\w+) (\$\d+)\}/g, (_match, type: string, param: string) => dialect.any(type, param))
    .replace(
      /\{list (\w+)\((\w+) (\w+)\) (\$\d+)\}/g,
      (_match, alias: string, column: string, type: string, param: string) => dialect.list(alias, column, type, param),
    )
    .replace(/\{texts (\w+) ([\w.]+)\}/g, (_match, alias: string, column: string) => dialect.texts(alias, column))
    .replace(/\{rows (\w+)\(([^)]*)\) (\$\d+)\}/g, (_match, alias: string, columns: string, param: string) =>
      dialect.rows(alias, parseColumns(columns), param),
    );
  return dialect.placeholders(filled);
}

function parseColumns(list: string): (readonly [string, string])[] {
  return list.split(',').map((column) => {
    const [name = '', type = ''] = column.trim().split(/\s+/);
    return [name, type] as const;
  });
}

const postgresType = (type: string): string => (type === 'int' ? 'bigint' : type);
