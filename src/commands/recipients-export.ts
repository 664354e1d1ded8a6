import { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import type { Notification } from '../client/notification-documents.ts';
import type { RecipientFilter } from '../client/recipient-documents.ts';
import { FORMATS, type Format } from '../directory/read-people.ts';
import { FINAL_STATES, type FinalState } from '../model/notification.ts';
import { REASONS } from '../model/reasons.ts';
import { countRows } from './count-rows.ts';
import { mediaTypeOf } from './people-format.ts';
import { NO_PROGRESS, openProgress } from './progress.ts';
import { addTarget, openTarget, type TargetOptions } from './target.ts';
import { writeExport } from './write-export.ts';

interface RecipientsOptions extends TargetOptions {
  readonly format?: Format;
  readonly state?: FinalState[];
  readonly reason?: string[];
  readonly startsWith?: string;
}

export function define(command: Command): void {
  command.description('What became of each recipient of a notification.');
  addTarget(command.command('export'))
    .description('Exports those whose delivery has ended, each with the reason and what to do about it.')
    .argument('<requestId>', 'what the send answered, ds-…')
    .argument('[file]', 'where to; - is standard output', '-')
    .addOption(new Option('--format <format>', 'default: by the ending of the file, else ndjson').choices(FORMATS))
    .addOption(new Option('--state <state...>', 'only these').choices(FINAL_STATES))
    .addOption(new Option('--reason <reason...>', 'only these; docs/reasons.md explains them').choices(REASON_CODES))
    .option('--starts-with <text>', 'only identities that begin so')
    .addHelpText('after', HELP)
    .action((requestId, file, options, self) => exportRecipients(self, { requestId, file, options }));
}

const REASON_CODES = Object.keys(REASONS);

const HELP = `
The file appears when it is complete, or not at all. While a notification is running it holds those who have ended.

Example:
  beckon recipients export ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 failed.csv --state failed --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`;

interface Asked {
  readonly requestId: string;
  readonly file: string;
  readonly options: RecipientsOptions;
}

async function exportRecipients(command: Command, { requestId, file, options }: Asked): Promise<void> {
  const { client, botId } = await openTarget(command, options);
  const mediaType = mediaTypeOf(file, options.format);
  const key = { botId, notificationId: requestId };
  const expected = countExpected(await client.notification(key), options);
  const progress = expected === null || file === '-' ? NO_PROGRESS : openProgress('Exporting');
  let exported = 0;
  const counted = countRows(mediaType === 'text/csv' ? 'csv' : 'ndjson', (rows) => {
    exported = rows;
    progress.update(rows, Math.max(expected ?? 0, rows), 'recipients');
  });
  try {
    const rows = await client.exportRecipients({ ...key, mediaType, filter: filterOf(options) });
    await writeExport(Readable.fromWeb(rows).compose(counted), file);
  } finally {
    progress.stop();
  }
  if (file !== '-') console.error(`Exported ${exported} recipients of ${requestId} to ${file}.`);
}

const filterOf = ({ state, reason, startsWith }: RecipientsOptions): RecipientFilter => ({
  ...(state && { states: state }),
  ...(reason && { reasons: reason }),
  ...(startsWith !== undefined && { prefix: startsWith }),
});

/** Null: nobody knows how many will fit. */
function countExpected({ counts }: Notification, { state = [...FINAL_STATES], ...others }: RecipientsOptions) {
  if (others.reason !== undefined || others.startsWith !== undefined) return null;
  return [...new Set(state)].reduce((sum, each) => sum + counts[each], 0);
}
