import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../model/clock.ts';
import { BackupRefused, type BackupReport, examineBackup, syncToDisk } from './backup.ts';
import { holdFile } from './hold.ts';
import { openStore } from './open.ts';
import type { RestoredState } from './port/upkeep.ts';

export interface PutBackRequest {
  readonly backup: string;
  readonly path: string;
  /** What is there is kept beside it, under another name. */
  readonly overwrite: boolean;
  readonly clock: Clock;
}

export interface PutBackReport extends BackupReport, RestoredState {
  /** Where the database went that was there before; null: there was none. */
  readonly replaced: string | null;
}

/**
 * Puts a backup in the place of a SQLite database, checked, brought up to date and marked as restored before it gets
 * its name, so that no server can ever find it unmarked. Rejects with `StoreHeld` while a server runs on the place, and
 * with `BackupRefused`, `StoreDamaged` or `SchemaTooNew`; then nothing has changed.
 */
export async function putBack({ backup, path, overwrite, clock }: PutBackRequest): Promise<PutBackReport> {
  if (!existsSync(backup)) throw new BackupRefused(`${backup}: there is no such file`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const hold = holdFile(path);
  const fresh = `${path}.restoring`;
  try {
    if (!overwrite && isOccupied(path)) {
      throw new BackupRefused(`${path} exists: give --overwrite to put the backup in its place (it is kept beside it)`);
    }
    removeFiles(fresh);
    copyFileSync(backup, fresh);
    chmodSync(fresh, 0o600);
    const report = examineBackup(fresh);
    const state = await mark(fresh, clock);
    syncToDisk(fresh);
    const replaced = isOccupied(path) ? keepAside(path, clock) : null;
    renameSync(fresh, path);
    syncToDisk(dirname(path));
    return { ...report, ...state, replaced };
  } finally {
    removeFiles(fresh);
    hold.release();
  }
}

async function mark(path: string, clock: Clock): Promise<RestoredState> {
  const store = await openStore(`sqlite:${path}`, { clock });
  try {
    return await store.markRestored({ at: clock.now() });
  } finally {
    await store.close();
  }
}

/** What belongs to a SQLite database. A WAL that stayed would be played into the file that takes the place. */
const PARTS = ['', '-wal', '-shm'];

const isOccupied = (path: string): boolean => PARTS.some((part) => existsSync(`${path}${part}`));

function removeFiles(path: string): void {
  for (const part of [...PARTS, '-journal', '.lock', '.holder']) rmSync(`${path}${part}`, { force: true });
}

function keepAside(path: string, clock: Clock): string {
  const aside = `${path}.replaced-${new Date(clock.now()).toISOString().replace(/[:.]/g, '-')}`;
  foldWal(path);
  for (const part of ['-wal', '-shm']) if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, aside + part);
  // A second name and not a move: at no moment is there no database where a server would then make an empty one.
  if (existsSync(path)) linkSync(path, aside);
  return aside;
}

/** So that the file is whole by itself. One that is too damaged for it keeps its WAL. */
function foldWal(path: string): void {
  try {
    const database = new DatabaseSync(path, { timeout: 5_000 });
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
  } catch {
    // Which is why it is being replaced.
  }
}
