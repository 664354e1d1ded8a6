import { resolve } from 'node:path';
import { isJsonObject } from '../model/json.ts';
import { readSecretText } from './files.ts';
import type { Parsed } from './setting.ts';

/** Where the file's `{ env: NAME }` and `{ file: path }` are looked up. Relative paths start at the file's own folder. */
export interface ReferenceSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
}

export type Reference = { readonly env: string } | { readonly file: string };

/** Any text in the file may be given as a reference; null when `value` is not one. */
export function asReference(value: unknown): Reference | null {
  if (!isJsonObject(value) || Object.keys(value).length !== 1) return null;
  if (typeof value['env'] === 'string') return { env: value['env'] };
  if (typeof value['file'] === 'string') return { file: value['file'] };
  return null;
}

export function followReference(reference: Reference, sources: ReferenceSources): Parsed<string> {
  if ('file' in reference) return readSecretText(resolve(sources.folder, reference.file));
  const value = sources.env[reference.env];
  if (value === undefined) return { fault: `the environment variable ${reference.env} is not set.` };
  if (value === '') return { fault: `the environment variable ${reference.env} is empty.` };
  return { value };
}
