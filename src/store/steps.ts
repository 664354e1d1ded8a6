import type { Ends } from '../model/meter.ts';

/**
 * A store verb is written once, as a generator that yields statements and is handed their rows. SQLite drives it
 * synchronously inside a group commit, PostgreSQL asynchronously inside a transaction; neither knows the other's way.
 */
export type Steps<T> = Generator<Step, T, readonly Row[]>;

export type Step = Statement | Told;
export type Statement = Query | InsertMany;
export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/** SQL with `$1` placeholders and the tokens of `dialect.ts`. An array binds to `{any …}`, rows of objects to `{rows …}`. */
export interface Query {
  /** `execute`: nobody reads its rows, so a database across a network need not be waited for before the next step. */
  readonly kind: 'query' | 'execute';
  readonly sql: string;
  readonly params: readonly Param[];
}

export type Param = Value | readonly Value[] | readonly Row[];

/** Bulk insert, the one statement whose shape differs by dialect for speed. */
export interface InsertMany {
  readonly kind: 'insertMany';
  readonly into: InsertShape;
  readonly rows: readonly (readonly Value[])[];
}

/** Nothing for the database: what is to be known when the transaction is durable (`unworked-ends.ts`). */
export interface Told {
  readonly kind: 'ended';
  readonly ends: readonly Ends[];
}

/** Declared once per table as a constant: adapters cache the prepared statement by its identity. */
export interface InsertShape {
  readonly table: string;
  readonly columns: Readonly<Record<string, 'text' | 'int'>>;
  /** What follows, such as `ON CONFLICT … DO UPDATE …`. */
  readonly onConflict: string;
}

export function* query(sql: string, ...params: Param[]): Steps<readonly Row[]> {
  return yield { kind: 'query', sql, params };
}

export function* execute(sql: string, ...params: Param[]): Steps<void> {
  yield { kind: 'execute', sql, params };
}

export function* insertMany(into: InsertShape, rows: readonly (readonly Value[])[]): Steps<void> {
  if (rows.length > 0) yield { kind: 'insertMany', into, rows };
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} holds no text`);
  return value;
}

export function int(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`column ${column} holds no number`);
  return value;
}

export const textOrNull = (row: Row, column: string): string | null =>
  row[column] === null ? null : text(row, column);

export const intOrNull = (row: Row, column: string): number | null => (row[column] === null ? null : int(row, column));
