import type { Command } from 'commander';
import type { PauseState } from '../client/steering-documents.ts';
import { addTarget, openTarget, type TargetOptions } from './target.ts';

interface PauseOptions extends TargetOptions {
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addTarget(command)
    .description('Pauses a notification: nobody more is sent it until it is resumed.')
    .argument('<requestId>', 'what the send answered, ds-…')
    .option('--json-output', 'print the answer as JSON instead of a sentence')
    .addHelpText(
      'after',
      `
Pausing twice is pausing once. Time goes on meanwhile: when the notification expires, whoever still waits expires with it.

Example:
  beckon pause ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action(async (notificationId: string, options: PauseOptions) => {
      const { client, botId } = await openTarget(command, options);
      const state = await client.pause({ botId, notificationId });
      console.log(options.jsonOutput ? JSON.stringify(state, null, 2) : describe(state));
    });
}

function describe({ id, pausedAt, waiting, inFlight, alreadyFinal }: PauseState): string {
  if (pausedAt === null) {
    const left = waiting + inFlight;
    return left === 0
      ? `${id} was over: all ${alreadyFinal} recipients had their end before`
      : `${id} is not paused: it was cancelled or has expired, and its last ${left} recipients are coming to their end`;
  }
  const flying = inFlight === 0 ? '' : `, ${inFlight} in flight and maybe sent`;
  return `${id} is paused: ${waiting} recipients wait${flying}, ${alreadyFinal} had their end before`;
}
