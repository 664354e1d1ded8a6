import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import { checkAudit } from './audit-check.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addTarget, openClient, type TargetOptions } from './target.ts';
import { writeExport } from './write-export.ts';

export function define(command: Command): void {
  command.description('Who changed what: one entry for every change, each sealed with the hash of the one before.');
  addAudit(command.command('export'))
    .description('Exports the changes of a bot, its sends, and the hash the chain ends with, as NDJSON.')
    .argument('[file]', 'where to; - is standard output', '-')
    .addHelpText('after', `\nExample:\n  beckon audit export audit.ndjson --bot ${BOT} --app ${APP}`)
    .action((file, options, self) => exportAudit(self, file, options));
  addAudit(command.command('verify'))
    .description('Checks that no entry was changed, left out or cut off; exits 1 and names the first that was.')
    .argument('[file]', 'an export; without one the server is asked')
    .addOption(new Option('--expect <hash>', 'the hash of an earlier export, which has to be in the chain'))
    .addHelpText('after', VERIFY_HELP)
    .action((file, options, self) => verifyAudit(self, file, options));
}

const BOT = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';
const APP = 'cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9';
const VERIFY_HELP = `
Whoever can write to the database could write the whole chain anew. Keep the hash that an export ends with elsewhere:
--expect finds out whether the chain still leads through it.

Examples:
  beckon audit verify audit.ndjson
  beckon audit verify --bot ${BOT} --app ${APP} --expect 5f0c…`;

const addAudit = (command: Command): Command =>
  addTarget(command).addHelpText(
    'after',
    '\nWithout --bot: what is of no one bot, such as apps. The app is of kind admin.',
  );

interface AuditOptions extends TargetOptions {
  readonly expect?: string;
}

async function openAudit(command: Command, options: AuditOptions): Promise<Readable> {
  const { client } = await openClient(command, options);
  return Readable.fromWeb(await client.admin.exportAudit({ botId: options.bot ?? null }));
}

async function exportAudit(command: Command, file: string, options: AuditOptions): Promise<void> {
  await writeExport(await openAudit(command, options), file);
}

async function verifyAudit(command: Command, file: string | undefined, options: AuditOptions): Promise<void> {
  const lines = file === undefined ? await openAudit(command, options) : createReadStream(file);
  const { botId, entries, sends, head, fault } = await checkAudit(lines, options.expect ?? null);
  if (fault !== null) throw new CommandFailure(`The audit is broken: ${fault}.`, EXIT.failure);
  console.log(
    `The audit of ${botId ?? 'the server'} is whole: ${entries} changes, ${sends} sends. It ends with ${head}`,
  );
}
