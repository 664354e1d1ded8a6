import { readFileSync, statSync } from 'node:fs';
import type { Parsed } from './setting.ts';

/** The text of a file, or why it cannot be read, in words. */
export function readText(path: string): Parsed<string> {
  try {
    return { value: readFileSync(path, 'utf8') };
  } catch (error) {
    return { fault: `${path}: ${explainFileError(error)}.` };
  }
}

/** The text of a file that holds a secret, without the line break editors and `echo` leave at its end. */
export function readSecretText(path: string): Parsed<string> {
  const text = readText(path);
  if ('fault' in text) return text;
  const value = text.value.replace(/\r?\n$/, '');
  return value === '' ? { fault: `${path}: the file is empty.` } : { value };
}

/** For keys that open everything else: a file other users of the machine can read is refused. */
export function readGuardedText(path: string): Parsed<string> {
  const text = readSecretText(path);
  if ('fault' in text || process.platform === 'win32') return text;
  const readableByOthers = (statSync(path).mode & 0o004) !== 0;
  return readableByOthers ? { fault: `${path}: every user can read the file; run: chmod 600 ${path}` } : text;
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is not a folder',
};

function explainFileError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return EXPLANATIONS[code] ?? `it cannot be read (${code})`;
}
