import { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { Format } from '../directory/read-people.ts';
import { mediaTypeOf } from './people-format.ts';
import { openTarget, type TargetOptions } from './target.ts';
import { writeExport } from './write-export.ts';

export interface ExportOptions extends TargetOptions {
  readonly format?: Format;
}

/** Writes everybody to a file (`-`: standard output). */
export async function exportFile(command: Command, file: string, options: ExportOptions): Promise<void> {
  const { client, botId } = await openTarget(command, options);
  const people = await client.exportPeople({ botId, mediaType: mediaTypeOf(file, options.format) });
  await writeExport(Readable.fromWeb(people), file);
  if (file !== '-') console.error(`Exported everybody of ${botId} to ${file}.`);
}
