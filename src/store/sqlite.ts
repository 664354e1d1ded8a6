import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Clock } from '../model/clock.ts';
import { damaged } from './backup.ts';
import type { Database } from './database.ts';
import { sqliteDialect, translate } from './dialect.ts';
import { holdFile, StoreHeld } from './hold.ts';
import {
  COMPATIBLE_SINCE_QUERY,
  MIGRATIONS,
  noteVersion,
  SCHEMA_VERSION,
  SchemaTooNew,
  servesUs,
} from './migrations.ts';
import { StoreDamaged, StoreUnavailable } from './port/errors.ts';
import type { WalState } from './port/upkeep.ts';
import type { InsertMany, InsertShape, Param, Query, Row, Step, Steps } from './steps.ts';
import { KEPT_WAL_BYTES, tidyWal } from './wal.ts';

/** Statements a connection keeps prepared are as many as there are statement texts: a few dozen. */
type Prepared = Map<string | InsertShape, StatementSync>;

interface PendingWrite {
  /** Runs inside the group's transaction; keeps its result until the commit has been fsynced. */
  execute(): void;
  settle(): void;
  fail(error: unknown): void;
}

/**
 * SQLite in this process: one connection writes and checkpoints, and every write waiting at the same moment shares one
 * transaction and one fsync (group commit). A write's promise resolves only after that commit.
 */
export function openSqlite(path: string, clock: Clock): Database {
  const hold = path === ':memory:' ? null : prepareFile(path);
  try {
    return new SqliteDatabase(path, openConnection(path, clock), () => hold?.release());
  } catch (error) {
    hold?.release();
    throw explainFault(path, error);
  }
}

function prepareFile(path: string) {
  try {
    // People and messages will be in it.
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return holdFile(path);
  } catch (error) {
    if (error instanceof StoreHeld || error instanceof StoreUnavailable) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new StoreUnavailable(`cannot use ${path}: ${cause}`, { cause: error });
  }
}

function openConnection(path: string, clock: Clock): DatabaseSync {
  const unclean = existsSync(`${path}-wal`);
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 5_000 });
  if (path !== ':memory:') assertPragma(database, 'journal_mode', 'wal', 'WAL');
  // FULL is what makes an acknowledged notification survive a power cut; NORMAL loses the last commits.
  assertPragma(database, 'synchronous', 2, 'FULL');
  // What is deleted is overwritten where its page is written anyway, so that erasing somebody leaves little behind.
  database.exec(`PRAGMA mmap_size = 0; PRAGMA journal_size_limit = ${KEPT_WAL_BYTES}; PRAGMA secure_delete = FAST`);
  if (unclean) refuseDamage(database);
  const now = leaseClock(clock);
  database.function('beckon_now', { deterministic: false }, now);
  return database;
}

/**
 * Wall time as it was when the file was opened, and from there on time as it passes: were the machine's clock set while
 * the process runs, every lease would end at once, or whoever waits for another attempt would wait as much longer.
 */
function leaseClock(clock: Clock): () => number {
  const ahead = clock.now() - clock.monotonic();
  return () => Math.round(clock.monotonic() + ahead);
}

/** Nobody closed it: the machine may have gone down, with a disk that lied about what it had written. */
function refuseDamage(database: DatabaseSync): void {
  const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (verdict !== 'ok') throw new StoreDamaged(`the database is damaged (${verdict}): put a backup back`);
}

function assertPragma(database: DatabaseSync, name: string, wanted: string | number, setting: string): void {
  database.exec(`PRAGMA ${name} = ${setting}`);
  const found = database.prepare(`PRAGMA ${name}`).get()?.[name];
  if (found !== wanted)
    throw new StoreUnavailable(
      `SQLite refused ${name}=${setting} (it says ${found}): is the folder local and writable?`,
    );
}

class SqliteDatabase implements Database {
  readonly kind = 'sqlite';
  /** They share a commit. */
  readonly acceptsAtOnce = Number.POSITIVE_INFINITY;
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #onClose: () => void;
  readonly #prepared: Prepared = new Map();
  #pending: PendingWrite[] = [];

  constructor(path: string, database: DatabaseSync, onClose: () => void) {
    this.#path = path;
    this.#database = database;
    this.#onClose = onClose;
  }

  async migrate(): Promise<void> {
    try {
      this.#transact(() => this.#applyMissing());
    } catch (error) {
      throw explainFault(this.#path, error);
    }
  }

  #applyMissing(): void {
    this.#database.exec('CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY) STRICT');
    const current = this.#schemaVersion();
    if (!this.#serves(current)) throw new SchemaTooNew(current);
    for (const [index, statements] of MIGRATIONS.slice(current).entries()) {
      for (const statement of statements) this.#database.exec(translate(statement, sqliteDialect));
      this.#database.exec(noteVersion(current + index + 1));
    }
  }

  async schemaVersion(): Promise<number> {
    return this.#schemaVersion();
  }

  async serves(): Promise<boolean> {
    return this.#serves(this.#schemaVersion());
  }

  #serves(version: number): boolean {
    if (version <= SCHEMA_VERSION) return true;
    return servesUs(this.#database.prepare(COMPATIBLE_SINCE_QUERY).get()?.['compatible_since']);
  }

  #schemaVersion(): number {
    return Number(
      this.#database.prepare('SELECT coalesce(max(version), 0) AS version FROM schema_versions').get()?.['version'],
    );
  }

  write<T>(steps: () => Steps<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) setImmediate(() => this.#commitGroup());
      let result: { readonly value: T } | null = null;
      this.#pending.push({
        execute: () => {
          result = { value: this.#drive(steps()) };
        },
        settle: () => {
          if (result !== null) resolve(result.value);
        },
        fail: reject,
      });
    });
  }

  writeAlone<T>(steps: () => Steps<T>): Promise<T> {
    return this.write(steps);
  }

  async read<T>(steps: () => Steps<T>): Promise<T> {
    try {
      return this.#drive(steps());
    } catch (error) {
      throw unavailable(error);
    }
  }

  async tidyWal({ fromBytes }: { readonly fromBytes: number }): Promise<WalState | null> {
    if (this.#path === ':memory:') return null;
    try {
      return tidyWal(this.#database, this.#path, fromBytes);
    } catch (error) {
      throw unavailable(error);
    }
  }

  onWake(): void {
    // One process: whoever accepts wakes the engine directly.
  }

  announce(): void {}

  async close(): Promise<void> {
    if (!this.#database.isOpen) return;
    this.#commitGroup();
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#database.close();
    this.#onClose();
  }

  #commitGroup(): void {
    const group = this.#pending;
    this.#pending = [];
    if (group.length === 0) return;
    const done: PendingWrite[] = [];
    try {
      this.#transact(() => {
        for (const write of group) if (this.#executeAlone(write)) done.push(write);
      });
    } catch (error) {
      for (const write of group) write.fail(unavailable(error));
      return;
    }
    for (const write of done) write.settle();
  }

  /** A savepoint each, so that one caller's fault does not undo its neighbours' work. */
  #executeAlone(write: PendingWrite): boolean {
    this.#database.exec('SAVEPOINT one');
    try {
      write.execute();
    } catch (error) {
      // A full disk ends the whole transaction by itself; then the group fails together.
      if (!this.#database.isTransaction) throw error;
      this.#database.exec('ROLLBACK TO one; RELEASE one');
      write.fail(unavailable(error));
      return false;
    }
    this.#database.exec('RELEASE one');
    return true;
  }

  #transact(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #drive<T>(steps: Steps<T>): T {
    let next = steps.next([]);
    while (!next.done) next = steps.next(this.#perform(next.value));
    return next.value;
  }

  #perform(step: Step): readonly Row[] {
    if (step.kind === 'ended') return [];
    return step.kind === 'insertMany' ? this.#insertMany(step) : this.#query(step);
  }

  #query(step: Query): readonly Row[] {
    const statement = this.#prepare(step.sql, () => translate(step.sql, sqliteDialect));
    // The statements select numbers, text and NULL only; STRICT tables keep it so.
    return statement.all(...step.params.map(bind)) as unknown as readonly Row[];
  }

  #insertMany(step: InsertMany): readonly Row[] {
    const statement = this.#prepare(step.into, () => sqliteDialect.insertMany(step.into));
    for (const row of step.rows) statement.run(...row);
    return [];
  }

  #prepare(key: string | InsertShape, sql: () => string): StatementSync {
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql());
    this.#prepared.set(key, statement);
    return statement;
  }
}

const bind = (param: Param): SQLInputValue =>
  typeof param === 'object' && param !== null ? JSON.stringify(param) : param;

const explainFault = (path: string, error: unknown): unknown => damaged(path, error) ?? unavailable(error);

/** SQLITE_BUSY, READONLY, IOERR, FULL, CANTOPEN: the machine's trouble, not the statement's. */
const MACHINE_FAULTS = new Set([5, 8, 10, 13, 14]);

function unavailable(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
  return MACHINE_FAULTS.has(error.errcode & 0xff)
    ? new StoreUnavailable(`SQLite cannot read or write its file: ${error.message}`, { cause: error })
    : error;
}
