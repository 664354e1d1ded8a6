import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { systemClock } from '../model/clock.ts';
import { StoreDamaged } from './port/errors.ts';
import { KEPT_WAL_BYTES, walBytes } from './wal.ts';

/** What is in a backup, counted in the backup itself. */
export interface BackupReport {
  readonly bytes: number;
  /** Of all tables together. */
  readonly rows: number;
  readonly notifications: number;
  readonly schemaVersion: number;
}

/** A sentence on why no backup was made or put back. Nothing was changed. */
export class BackupRefused extends Error {
  override readonly name = 'BackupRefused';
}

/** A megabyte is copied, and then the server beside has the processors and the disk to itself for as long as it took. */
const PAGES_A_STEP = 256;
const LONGEST_REST_MS = 50;

/**
 * Copies a SQLite database that a server may be writing to. The connection only reads, so it needs no hold and never
 * checkpoints; its snapshot stands still while the server goes on, whose WAL grows meanwhile by what it writes. The
 * file appears under its name only when it is whole, sound and on the disk.
 */
export async function backUp(from: string, to: string): Promise<BackupReport> {
  if (!existsSync(from)) throw new BackupRefused(`${from} is not there, so there is nothing to back up`);
  refuseExisting(to);
  const partial = `${to}.${process.pid}.partial`;
  // Made by us first, because SQLite would let everybody read it: there are people and messages in it.
  closeSync(openSync(partial, 'wx', 0o600));
  try {
    await copySnapshot(from, partial);
    const report = examineBackup(partial);
    syncToDisk(partial);
    publish(partial, to);
    return report;
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${partial}${suffix}`, { force: true });
  }
}

async function copySnapshot(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: 5_000 });
  try {
    // Without a snapshot of its own the copy would begin anew at every commit of the server, and never end.
    source.exec('BEGIN');
    source.prepare('SELECT count(*) FROM sqlite_schema').get();
    await backup(source, to, { rate: PAGES_A_STEP, progress: restAfterSteps(from) });
  } catch (error) {
    throw damaged(from, error) ?? error;
  } finally {
    source.close();
  }
}

/** Nobody else works in this process. Where the log of the server has grown long, the end is nearer without any rest. */
function restAfterSteps(from: string): () => void {
  const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let begunAt = systemClock.monotonic();
  return () => {
    const tookMs = systemClock.monotonic() - begunAt;
    if (walBytes(from) < KEPT_WAL_BYTES) Atomics.wait(never, 0, 0, Math.min(tookMs, LONGEST_REST_MS));
    begunAt = systemClock.monotonic();
  };
}

/** Checks every page and counts. Leaves one file that needs no other beside it. Throws `StoreDamaged`, `BackupRefused`. */
export function examineBackup(path: string): BackupReport {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    database.exec('PRAGMA journal_mode = DELETE');
    const verdict = database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
    if (verdict !== 'ok') throw new StoreDamaged(`${path} is damaged: ${verdict}`);
    return { bytes: statSync(path).size, ...count(path, database) };
  } catch (error) {
    throw damaged(path, error) ?? error;
  } finally {
    database.close();
  }
}

function count(path: string, database: DatabaseSync): Omit<BackupReport, 'bytes'> {
  const ask = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
  const names = tables.map((row) => String(row['name']));
  if (!names.includes('schema_versions')) throw new BackupRefused(`${path} is no database of Beckon`);
  return {
    rows: names.reduce((sum, name) => sum + ask(`SELECT count(*) FROM "${name}"`), 0),
    notifications: names.includes('notifications') ? ask('SELECT count(*) FROM notifications') : 0,
    schemaVersion: ask('SELECT coalesce(max(version), 0) FROM schema_versions'),
  };
}

function refuseExisting(to: string): void {
  if (existsSync(to)) throw new BackupRefused(`${to} exists already: a backup never overwrites, choose another name`);
}

/** A link fails where a rename would overwrite what another backup has put there in the meantime. */
function publish(partial: string, to: string): void {
  try {
    linkSync(partial, to);
  } catch (error) {
    // File systems without hard links (FAT, some shares).
    if (!(error instanceof Error && 'code' in error && /^(EPERM|ENOTSUP|EOPNOTSUPP)$/.test(String(error.code)))) {
      throw error;
    }
    refuseExisting(to);
    renameSync(partial, to);
  }
  syncToDisk(dirname(to));
}

/** A file's bytes, or the names in a folder. */
export function syncToDisk(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB; null for anything else. */
export function damaged(path: string, error: unknown): StoreDamaged | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  const kind = error.errcode & 0xff;
  if (kind !== 11 && kind !== 26) return null;
  const sentence = `${path} is damaged, or is no SQLite database (${error.message}): put a backup back`;
  return new StoreDamaged(sentence, { cause: error });
}
