import { DatabaseSync } from 'node:sqlite';

/** Negative control: from now on SQLite is quietly told not to wait for the disk, whatever it was told before. */
export function weakenSqlite(synchronous: string): void {
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function execWeakened(sql: string) {
    if (sql === 'BEGIN IMMEDIATE') exec.call(this, `PRAGMA synchronous = ${synchronous}`);
    return exec.call(this, sql);
  };
}
