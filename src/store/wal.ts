import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { isOn, listLocks, readOr } from './file-locks.ts';
import type { WalState } from './port/upkeep.ts';

/** To so much SQLite cuts a log that grew longer, once it can begin it anew. */
export const KEPT_WAL_BYTES = 64 * 1024 * 1024;

/** Empties the log if it is `fromBytes` or longer: only a snapshot in another process can be in the way. */
export function tidyWal(database: DatabaseSync, path: string, fromBytes: number): WalState {
  const bytes = walBytes(path);
  if (bytes < fromBytes) return { bytes, heldBy: null };
  return emptyWal(database) ? { bytes: walBytes(path), heldBy: null } : { bytes, heldBy: findReaders(path) };
}

export const walBytes = (path: string): number => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;

function emptyWal(database: DatabaseSync): boolean {
  const waitMs = Number(database.prepare('PRAGMA busy_timeout').get()?.['timeout']);
  // This process stands still until it is done, so it waits for nobody.
  database.exec('PRAGMA busy_timeout = 0');
  try {
    return database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
  } finally {
    database.exec(`PRAGMA busy_timeout = ${waitMs}`);
  }
}

/** Whoever holds a snapshot keeps one of these bytes of the `-shm` file locked. */
const SNAPSHOT_BYTES = { first: 123, last: 127 } as const;

/**
 * Who, besides the server, holds a snapshot of the database at this moment: `process 123 (sqlite3)`. Known on Linux
 * only, and only of processes that can be seen from here.
 */
export function findReaders(path: string): string[] {
  const locks = listLocks();
  const server = new Set(locks.filter(isOn(`${path}.lock`)).map(({ pid }) => pid));
  const { first, last } = SNAPSHOT_BYTES;
  const pids = locks
    .filter(isOn(`${path}-shm`))
    .filter(({ pid, byte }) => byte >= first && byte <= last && !server.has(pid))
    .map(({ pid }) => pid);
  return [...new Set(pids)].map((pid) => `process ${pid} (${nameOf(pid)})`);
}

/** Of its command line the first word alone: in others there may be secrets. */
function nameOf(pid: number): string {
  const [program = ''] = readOr('', `/proc/${pid}/cmdline`).split('\0');
  return basename(program) || readOr('unknown', `/proc/${pid}/comm`).trim();
}
