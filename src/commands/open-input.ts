import { fstatSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { CommandFailure, EXIT } from './exit.ts';

export interface Input {
  readonly stream: Readable;
  /** Bytes; null when it is no regular file. */
  readonly size: number | null;
}

/** A file the command line names; `-` is standard input. */
export async function openInput(file: string): Promise<Input> {
  if (file === '-') return { stream: process.stdin, size: sizeOf(fstatSync(process.stdin.fd)) };
  try {
    const handle = await open(file);
    const stats = await handle.stat();
    if (!stats.isDirectory()) return { stream: handle.createReadStream(), size: sizeOf(stats) };
    await handle.close();
  } catch (error) {
    throw new CommandFailure(`${file} cannot be read: ${error instanceof Error ? error.message : error}.`, EXIT.usage);
  }
  throw new CommandFailure(`${file} is a folder; name a file.`, EXIT.usage);
}

const sizeOf = (stats: Stats): number | null => (stats.isFile() ? stats.size : null);
