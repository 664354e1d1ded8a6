import { type Command, Option } from 'commander';
import type { TemplateDefinition, TemplatePreview, TemplateSummary } from '../client/template-documents.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addParameter } from './parameters.ts';
import { readInput, readRecipients } from './recipients.ts';
import { addTarget, openTarget, type TargetOptions } from './target.ts';

interface VersionOptions extends TargetOptions {
  readonly version?: number;
}

interface PreviewOptions extends VersionOptions {
  readonly channel?: string;
  readonly to?: string;
  readonly toFile?: string;
  readonly param?: Readonly<Record<string, string>>;
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  command.description('Puts, shows and tries templates: what is said again and again, in several languages.');
  definePut(command.command('put'));
  defineList(command.command('list'));
  defineShow(command.command('show'));
  definePreview(command.command('preview'));
}

function definePut(command: Command): void {
  addTarget(command)
    .description('Makes a template, or its next version if it says something else.')
    .argument('<name>', 'small letters, digits, dots, dashes and underscores')
    .argument('<file>', 'the definition as JSON; - is standard input')
    .addHelpText(
      'after',
      '\nExample:\n  beckon templates put welcome welcome.json --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9',
    )
    .action(async (name: string, file: string, options: TargetOptions) => {
      const { client, botId } = await openTarget(command, options);
      const { version, latest } = await client.templates.put({ botId, name, definition: await readDefinition(file) });
      console.log(`${name} is version ${version} of ${latest}.`);
    });
}

function defineList(command: Command): void {
  addTarget(command)
    .description('Lists the templates that are in use.')
    .action(async (options: TargetOptions) => {
      const { client, botId } = await openTarget(command, options);
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: { readonly templates: readonly TemplateSummary[]; readonly nextCursor: string | null } =
          await client.templates.list({ botId, ...(cursor !== '' && { cursor }) });
        for (const { name, version, createdAt } of page.templates)
          console.log(`${name}  version ${version}  ${createdAt}`);
        cursor = page.nextCursor;
      }
    });
}

function defineShow(command: Command): void {
  addTarget(command)
    .description('Prints a template as JSON.')
    .argument('<name>')
    .addOption(versionOption())
    .action(async (name: string, { version, ...options }: VersionOptions) => {
      const { client, botId } = await openTarget(command, options);
      const template = await client.templates.get({ botId, name, ...(version !== undefined && { version }) });
      console.log(JSON.stringify(template, null, 2));
    });
}

function definePreview(command: Command): void {
  addTarget(command)
    .description('Shows what each of up to a hundred people would be sent; sends nothing.')
    .argument('<name>')
    .option('--channel <name>', 'msteams, slack, ivr, …')
    .option('--to <list>', 'recipients, separated by commas')
    .option('--to-file <file>', 'recipients, one a line; - is standard input')
    .addOption(new Option('--param <name=value>', 'a parameter; may be repeated').argParser(addParameter))
    .addOption(versionOption())
    .option('--json-output', 'print the answer as JSON')
    .action(async (name: string, options: PreviewOptions) => {
      const { channel, param, version, jsonOutput } = options;
      if (channel === undefined) throw new CommandFailure('Over which channel? Give --channel.', EXIT.usage);
      const recipients = await readRecipients(options);
      const { client, botId } = await openTarget(command, options);
      const previews = await client.templates.preview({
        botId,
        name,
        channel,
        recipients,
        ...(param && { parameters: param }),
        ...(version !== undefined && { version }),
      });
      console.log(jsonOutput ? JSON.stringify(previews, null, 2) : previews.map(describe).join('\n'));
    });
}

const versionOption = (): Option =>
  new Option('--version <number>', 'which version; default: the newest').argParser((given) => {
    if (/^[1-9][0-9]{0,8}$/.test(given)) return Number(given);
    throw new CommandFailure(`--version ${given}: must be a whole number from 1 on.`, EXIT.usage);
  });

function describe({ identity, language, message, fault }: TemplatePreview): string {
  const words = message?.type === 'text' ? message.val : JSON.stringify(message?.payload ?? null);
  const which = language === null ? '' : ` [${language}]`;
  const unless =
    fault === null ? '' : `\n  would not get it: ${fault.reason}${fault.detail === null ? '' : `, ${fault.detail}`}`;
  return `${identity}${which}: ${words}${unless}`;
}

async function readDefinition(file: string): Promise<TemplateDefinition> {
  try {
    // The server is the judge, and its sentence names the place.
    return JSON.parse(await readInput(file, 'the definition'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new CommandFailure(`What ${file} holds is not JSON.`, EXIT.usage);
    throw error;
  }
}
