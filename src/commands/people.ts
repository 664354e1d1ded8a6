import { type Command, Option } from 'commander';
import { ON_ERROR } from '../directory/import-people.ts';
import { FORMATS } from '../directory/read-people.ts';
import { erasePerson } from './people-erase.ts';
import { exportFile } from './people-export.ts';
import { importFile } from './people-import.ts';
import { addTarget } from './target.ts';

/** Adds `people` to the program. */
export function registerPeople(program: Command): void {
  define(program.command('people'));
}

export function define(command: Command): void {
  command.description('Brings people into the directory of a bot and out of it, through the API of a running server.');
  defineImport(command.command('import'));
  defineExport(command.command('export'));
  defineErase(command.command('erase'));
}

function defineImport(command: Command): void {
  addTarget(command)
    .description('Imports people; who is there already is brought up to date.')
    .argument('<file>', 'NDJSON or CSV in UTF-8; - is standard input')
    .addOption(formatOption())
    .addOption(
      new Option('--on-error <what>', 'bad lines: skip them and import the others, or abort and import nobody')
        .choices(ON_ERROR)
        .default('skip'),
    )
    .option('--json', 'print the report of the API instead of sentences')
    .addHelpText('after', IMPORT_HELP)
    .action((file, options) => importFile(command, file, options));
}

function defineExport(command: Command): void {
  addTarget(command)
    .description('Exports everybody; the file can be imported again.')
    .argument('[file]', 'where to; - is standard output', '-')
    .addOption(formatOption())
    .addHelpText('after', '\nExample:\n  beckon people export people.csv --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9')
    .action((file, options) => exportFile(command, file, options));
}

function defineErase(command: Command): void {
  addTarget(command)
    .description('Erases a person from everything a bot has, and stays until it is done.')
    .argument('<person>', 'an identity (e-mail, phone number, id at a channel) or the id of a person, u-…')
    .option('--json-output', 'print the answer as JSON instead of a sentence')
    .addHelpText(
      'after',
      `
Whoever waits to be sent something is suppressed; counts stay, and so does a STOP, under a hash.

Example:
  beckon people erase ann@example.com --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action((person, options) => erasePerson(command, person, options));
}

const formatOption = (): Option =>
  new Option('--format <format>', 'default: by the ending of the file, else ndjson').choices(FORMATS);

const IMPORT_HELP = `
One person a line, as JSON (a person needs email, upn, phone or one of identities):
  {"email":"ann@example.com","name":"Ann","locale":"en","timeZone":"Europe/Berlin","tags":["staff"],
   "addresses":[{"channel":"msteams","channelId":"29:1…","reference":{"serviceUrl":"https://…"}}]}
or as CSV with these columns, in any order:
  id, email, upn, phone, name, locale, timeZone, identities (a;b), tags (a;b), attributes.<key>,
  <channel>.channelId, <channel>.<reference key>, <channel>:<connection name>.channelId

Bad lines are printed with their numbers; then the exit code is 1.

Example:
  beckon people import people.csv --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`;
