import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { Format } from '../directory/read-people.ts';
import { mediaTypeOf } from './people-format.ts';
import { openTarget, type TargetOptions } from './target.ts';

export interface ExportOptions extends TargetOptions {
  readonly format?: Format;
}

/** Writes everybody to a file (`-`: standard output). The file appears when it is complete, or not at all. */
export async function exportFile(command: Command, file: string, options: ExportOptions): Promise<void> {
  const { client, botId } = await openTarget(command, options);
  const people = Readable.fromWeb(await client.exportPeople({ botId, mediaType: mediaTypeOf(file, options.format) }));
  if (file === '-') return pipeline(people, process.stdout, { end: false });

  const partial = `${file}.part`;
  try {
    // Only for its owner: it is full of personal data.
    await pipeline(people, createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  console.error(`Exported everybody of ${botId} to ${file}.`);
}
