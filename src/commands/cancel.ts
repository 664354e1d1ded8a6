import type { Command } from 'commander';
import type { Cancellation } from '../client/steering-documents.ts';
import { addTarget, openTarget, type TargetOptions } from './target.ts';

interface CancelOptions extends TargetOptions {
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addTarget(command)
    .description('Cancels a notification: nobody who has not been sent it is sent it any more.')
    .argument('<requestId>', 'what the send answered, ds-…')
    .option('--json-output', 'print the answer as JSON instead of a sentence')
    .addHelpText(
      'after',
      `
Cancelling twice is cancelling once. Whoever is being sent the message at that moment may get it: ask again, or ask
for the status, to learn what became of them.

Example:
  beckon cancel ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action(async (notificationId: string, options: CancelOptions) => {
      const { client, botId } = await openTarget(command, options);
      const cancellation = await client.cancel({ botId, notificationId });
      console.log(options.jsonOutput ? JSON.stringify(cancellation, null, 2) : describe(cancellation));
    });
}

function describe({ id, cancelledAt, cancelled, inFlight, alreadyFinal }: Cancellation): string {
  if (cancelledAt === null) return `${id} was over: all ${alreadyFinal} recipients had their end before`;
  const flying = inFlight === 0 ? '' : `, ${inFlight} in flight and maybe sent`;
  return `${id} is cancelled: ${cancelled} recipients are not sent it${flying}, ${alreadyFinal} had their end before`;
}
