import { readFileSync, statSync } from 'node:fs';

export interface FileLock {
  readonly pid: number;
  readonly inode: number;
  /** The first that is locked. */
  readonly byte: number;
}

/**
 * The locks that processes have on files, as Linux lists them; none elsewhere, and none of processes that cannot be seen
 * from here. To find out by opening the files would be dangerous: who closes one ends every lock its process has on it.
 */
export function listLocks(): FileLock[] {
  return [...readOr('', '/proc/locks').matchAll(LOCK)].map(([, pid, inode, byte]) => ({
    pid: Number(pid),
    inode: Number(inode),
    byte: Number(byte),
  }));
}

/** `2: POSIX  ADVISORY  READ 5412 fe:00:2146361 124 124`; who only waits for a lock has an arrow. */
const LOCK = /^\d+: POSIX +ADVISORY +\w+ (\d+) \w+:\w+:(\d+) (\d+) /gm;

export function isOn(file: string): (lock: FileLock) => boolean {
  const inode = statSync(file, { throwIfNoEntry: false })?.ino;
  return (lock) => lock.inode === inode;
}

export function readOr(otherwise: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
