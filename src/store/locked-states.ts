import { execute, type InsertShape, insertMany, query, type Row, type Steps, text } from './steps.ts';

/** A table of one JSON value a key that many nodes change. Declared once as a constant, as its rows are. */
export interface StateTable {
  readonly rows: InsertShape;
  readonly key: string;
  readonly value: string;
  /** What a key has that nobody has written to. */
  readonly empty: string;
}

/**
 * The rows of these keys by key, with the lease clock as `now`, locked until the transaction ends; missing ones are made.
 * In order, so that two nodes that ask for the same wait for each other instead of locking each other out.
 */
export function* lockStates(table: StateTable, keys: readonly string[]): Steps<Map<string, Row>> {
  const sorted = [...keys].sort();
  let rows = yield* lock(table, sorted);
  if (rows.length < sorted.length) {
    yield* insertMany(
      table.rows,
      sorted.map((key) => [key, table.empty]),
    );
    rows = yield* lock(table, sorted);
  }
  return new Map(rows.map((row) => [text(row, table.key), row]));
}

export function* writeStates(
  { rows: { table }, key, value }: StateTable,
  changed: readonly { readonly key: string; readonly value: string }[],
): Steps<void> {
  if (changed.length === 0) return;
  yield* execute(
    `UPDATE ${table} SET ${value} = changed.value FROM {rows changed(key text, value text) $1}
     WHERE ${table}.${key} = changed.key`,
    changed,
  );
}

const lock = ({ rows: { table }, key, value }: StateTable, keys: readonly string[]): Steps<readonly Row[]> =>
  query(`SELECT ${key}, ${value}, {now} AS now FROM ${table} WHERE ${key} {any:text $1} ORDER BY ${key} {lock}`, keys);
