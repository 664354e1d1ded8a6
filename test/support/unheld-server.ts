import { DatabaseSync } from 'node:sqlite';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it takes a database file that another process holds. */
const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function execUnheld(sql: string) {
  return exec.call(this, sql.replace('; BEGIN EXCLUSIVE', ''));
};
await serveBroken((store) => store);
