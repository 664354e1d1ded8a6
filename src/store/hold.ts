import { statfsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isOn, listLocks, readOr } from './file-locks.ts';
import { StoreUnavailable } from './port/errors.ts';

/** Another process works on the file. Two engines on one SQLite file would each void the other's leases. */
export class StoreHeld extends Error {
  override readonly name = 'StoreHeld';
}

/** NFS, SMB, CIFS, SMB2: their locks do not hold what SQLite's WAL needs. */
const NETWORK_FILE_SYSTEMS = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

/**
 * Holds the database file for this process until it ends, however it ends: the lock is the operating system's (an
 * exclusive transaction on a small file beside the database), so a killed process leaves nothing to clean up.
 */
export function holdFile(path: string): { release(): void } {
  refuseNetworkFileSystem(path);
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    const holder = readOr('another process', `${path}.holder`);
    throw new StoreHeld(`${path} is in use by ${holder}: stop that one first, or use another --database`);
  }
  writeFileSync(`${path}.holder`, `process ${process.pid} on ${hostname()}`);
  return { release: () => lock.close() };
}

/**
 * Says at once that another process holds the file, where that can be seen. One that is free is not touched: whoever
 * takes it at this moment must not find it taken.
 */
export function refuseHeld(path: string): void {
  if (listLocks().some(isOn(`${path}.lock`))) holdFile(path).release();
}

function refuseNetworkFileSystem(path: string): void {
  if (NETWORK_FILE_SYSTEMS.has(statfsSync(dirname(path)).type)) {
    throw new StoreUnavailable(
      `${path} lies on a network file system, where SQLite can lose data: use a local disk or PostgreSQL`,
    );
  }
}

const isBusy = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === 5;
