import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { redactDatabase } from '../config/parse-address.ts';
import { systemClock } from '../model/clock.ts';
import type { Finding } from './doctor/report.ts';
import { CommandFailure, EXIT } from './exit.ts';

/** The launcher refused an older one already; this is for the record. */
export function checkNode(): string {
  return `${process.versions.node} on ${process.platform}-${process.arch}`;
}

/** A clock that lags behind the installed files makes every token look as if it came from the future. */
export function checkClock(now: number): string {
  const installedAt = statSync(new URL('../../package.json', import.meta.url)).mtimeMs;
  if (now >= installedAt) return new Date(now).toISOString();
  const sentence = `The clock says ${new Date(now).toISOString()}, which is before Beckon was installed: set the clock.`;
  throw new CommandFailure(sentence, EXIT.failure);
}

/** The folder of a SQLite file can be written, or made. */
export function checkFolder(database: string): string {
  const path = sqlitePath(database);
  if (path === null) return 'none is needed by this database';
  const folder = nearestExisting(dirname(path));
  if (!statSync(folder).isDirectory()) {
    throw new CommandFailure(
      `${folder} is not a folder, so ${path} cannot be in it: change --database.`,
      EXIT.configuration,
    );
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    const sentence = `${folder} is read-only for this user, and the database needs it: change its owner, or --database.`;
    throw new CommandFailure(sentence, EXIT.configuration);
  }
  return `${folder} can be written`;
}

export interface DatabaseFound {
  readonly finding: Finding;
  /** A server runs on it. */
  readonly isHeld: boolean;
}

export async function checkDatabase(database: string): Promise<DatabaseFound> {
  const path = sqlitePath(database);
  const shown = redactDatabase(database);
  if (path !== null && !existsSync(path)) {
    return { finding: `${shown} is not there yet; a server or \`beckon migrate\` makes it`, isHeld: false };
  }
  const [{ inspectStore }, { SCHEMA_VERSION }] = await Promise.all([
    import('../store/open.ts'),
    import('../store/migrations.ts'),
  ]);
  const found = await inspectStore(database, { clock: systemClock }).catch(explainHeld);
  if (typeof found === 'string') return { finding: found, isHeld: true };
  const { schemaVersion, isCurrent, restored } = found;
  if (!isCurrent) {
    const advice = schemaVersion < SCHEMA_VERSION ? 'run `beckon migrate` or start the server' : 'use a newer Beckon';
    const sentence = `${shown} has schema version ${schemaVersion}, this Beckon ${SCHEMA_VERSION}: ${advice}.`;
    throw new CommandFailure(sentence, EXIT.failure);
  }
  if (restored === null) return { finding: `${shown} answers, schema version ${schemaVersion}`, isHeld: false };
  const waits = `it was restored from a backup and sends nothing, ${restored.recipients} recipients wait`;
  const sentence = `${waits}: decide with \`beckon restore --release\` or \`--conclude\`.`;
  throw new CommandFailure(sentence, EXIT.failure);
}

/** A running server holds its file, and then the database is as well as can be. */
function explainHeld(error: unknown): string {
  if (error instanceof Error && error.name === 'StoreHeld') return error.message.replace(/:.*$/s, '');
  throw error;
}

/** For commands that work on the file itself. */
export function requireSqliteFile(database: string): string {
  const path = sqlitePath(database);
  if (path !== null) return path;
  throw new CommandFailure('This needs a database in a file: --database sqlite:<file>.', EXIT.usage);
}

/** Null when there is no file: another database, or memory. */
export function sqlitePath(database: string): string | null {
  const path = /^sqlite:(.*)$/s.exec(database)?.[1] ?? ':memory:';
  return path === ':memory:' ? null : resolve(path);
}

export function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}
