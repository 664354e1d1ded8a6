import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigurationError } from './faults.ts';
import { readGuardedText } from './files.ts';
import { parseSecretKey, SECRET_KEY_BYTES } from './parse-secret.ts';

/*
 * The key of a server that was given none, so that secrets can be entered in the console of a Beckon nobody has configured.
 * A database that many servers share gets none: each would make another.
 */

/** Beside the database, whose backups leave it out; null: that database has no file. */
export function ownKeyPath(database: string): string | null {
  const path = /^sqlite:(.+)$/s.exec(database)?.[1] ?? ':memory:';
  return path === ':memory:' ? null : `${path}.key`;
}

export const makeKey = (): Uint8Array => randomBytes(SECRET_KEY_BYTES);

/** Null when it was never made. Throws `ConfigurationError` when it cannot be used. */
export function readOwnKey(path: string): Uint8Array | null {
  if (!existsSync(path)) return null;
  const text = readGuardedText(path);
  const key = 'fault' in text ? text : parseSecretKey(text.value);
  if ('fault' in key) throw new ConfigurationError([key.fault.startsWith(path) ? key.fault : `${path}: ${key.fault}`]);
  return key.value;
}

/** Durable before it answers: what is sealed with it must never be all that is left. */
export function makeOwnKey(path: string): Uint8Array {
  const key = makeKey();
  // Under its own name only when it is whole: a start that dies amid this must not leave half a key to the next.
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, `${Buffer.from(key).toString('base64')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncFolder(dirname(path));
  return key;
}

function syncFolder(path: string): void {
  // Windows lets nobody open a folder, and keeps its entries by itself.
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
