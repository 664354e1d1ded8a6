import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes an export to a file (`-`: standard output). The file appears when it is complete, or not at all. */
export async function writeExport(rows: Readable, file: string): Promise<void> {
  if (file === '-') return pipeline(rows, process.stdout, { end: false });

  const partial = `${file}.part`;
  try {
    // Only for its owner: it is full of personal data.
    await pipeline(rows, createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
