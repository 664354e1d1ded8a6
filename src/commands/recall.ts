import type { Command } from 'commander';
import type { Recall } from '../client/steering-documents.ts';
import { openProgress } from './progress.ts';
import { addTarget, openTarget, type TargetOptions } from './target.ts';
import { exitCodeFor, summarizeNotification, watchNotification } from './watch-notification.ts';

interface RecallOptions extends TargetOptions {
  readonly watch?: boolean;
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addTarget(command)
    .description(
      'Takes a notification back from those who have it, where the provider lets it (Teams, Slack, Google Chat).',
    )
    .argument('<requestId>', 'what the send answered, ds-…')
    .option('--watch', 'stay until it is done')
    .option('--json-output', 'print the answer as JSON instead of a sentence')
    .addHelpText(
      'after',
      `
What is still being sent goes on: cancel it first.

Example:
  beckon recall ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 --watch --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action(async (notificationId: string, options: RecallOptions) => {
      const target = await openTarget(command, options);
      const recall = await target.client.recall({ botId: target.botId, notificationId });
      if (!options.watch || recall.recallId === null || !recall.isComplete) {
        console.log(options.jsonOutput ? JSON.stringify(recall, null, 2) : describe(recall));
        return;
      }
      const done = await watchNotification(target, recall.recallId, openProgress('Taking back'));
      console.log(options.jsonOutput ? JSON.stringify(done, null, 2) : summarizeNotification(done));
      process.exitCode = exitCodeFor(done);
    });
}

function describe({ id, recallId, recipients, cannot, isComplete }: Recall): string {
  const rest = cannot === 0 ? '' : `; ${cannot} have it by a channel that takes nothing back`;
  if (recallId === null) return `${id}: there is nobody to take it back from${rest}`;
  return `${id} is taken back from ${recipients}${isComplete ? '' : ' and more'} as ${recallId}${rest}`;
}
