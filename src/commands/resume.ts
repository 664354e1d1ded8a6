import type { Command } from 'commander';
import { addTarget, openTarget, type TargetOptions } from './target.ts';

interface ResumeOptions extends TargetOptions {
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addTarget(command)
    .description('Lets a paused notification go on: whoever waited is sent it.')
    .argument('<requestId>', 'what the send answered, ds-…')
    .option('--json-output', 'print the answer as JSON instead of a sentence')
    .addHelpText(
      'after',
      `
Example:
  beckon resume ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action(async (notificationId: string, options: ResumeOptions) => {
      const { client, botId } = await openTarget(command, options);
      const state = await client.resume({ botId, notificationId });
      const left = state.waiting + state.inFlight;
      const words = `${state.id} is not paused: ${left} recipients are to be sent it, ${state.alreadyFinal} had their end before`;
      console.log(options.jsonOutput ? JSON.stringify(state, null, 2) : words);
    });
}
