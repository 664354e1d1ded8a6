import { type Command, Option } from 'commander';
import type { Edit } from '../client/steering-documents.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addParameter } from './parameters.ts';
import { openProgress } from './progress.ts';
import { addTarget, openTarget, type TargetOptions } from './target.ts';
import { exitCodeFor, summarizeNotification, watchNotification } from './watch-notification.ts';

interface EditOptions extends TargetOptions {
  readonly text?: string;
  readonly param?: Readonly<Record<string, string>>;
  readonly watch?: boolean;
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addTarget(command)
    .description(
      'Changes a notification for those who have it, where the provider lets it (Teams, Slack, Google Chat).',
    )
    .argument('<requestId>', 'what the send answered, ds-…')
    .option('--text <text>', 'what it is to say instead')
    .addOption(new Option('--param <name=value>', 'a parameter; may be repeated').argParser(addParameter))
    .option('--watch', 'stay until it is done')
    .option('--json-output', 'print the answer as JSON instead of a sentence')
    .addHelpText(
      'after',
      `
Whoever is still to be sent it is sent it as it was: cancel it first, or edit again later.

Example:
  beckon edit ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 --text 'The cafeteria closes at four.' --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action(async (notificationId: string, { text, param, ...options }: EditOptions) => {
      if (text === undefined) throw new CommandFailure('What is it to say? Give --text.', EXIT.usage);
      const target = await openTarget(command, options);
      const message = { type: 'text', val: text } as const;
      const asked = { botId: target.botId, notificationId, message, ...(param && { parameters: param }) };
      const edit = await target.client.edit(asked);
      if (!options.watch || edit.editId === null || !edit.isComplete) {
        console.log(options.jsonOutput ? JSON.stringify(edit, null, 2) : describe(edit));
        return;
      }
      const done = await watchNotification(target, edit.editId, openProgress('Changing'));
      console.log(options.jsonOutput ? JSON.stringify(done, null, 2) : summarizeNotification(done));
      process.exitCode = exitCodeFor(done);
    });
}

function describe({ id, editId, recipients, cannot, isComplete }: Edit): string {
  const rest = cannot === 0 ? '' : `; ${cannot} have it by a channel that changes nothing`;
  if (editId === null) return `${id}: there is nobody whose message could be changed${rest}`;
  return `${id} is changed for ${recipients}${isComplete ? '' : ' and more'} as ${editId}${rest}`;
}
