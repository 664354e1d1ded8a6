import type { Command } from 'commander';
import type { Notification } from '../client/notification-documents.ts';
import { openProgress } from './progress.ts';
import { summarize } from './summary.ts';
import { addTarget, openTarget, type Target, type TargetOptions } from './target.ts';
import { exitCodeOf, watchUntilDone } from './watch.ts';
import { exitCodeFor, summarizeNotification, watchNotification } from './watch-notification.ts';

interface StatusOptions extends TargetOptions {
  readonly watch?: boolean;
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addTarget(command)
    .description('Asks what became of a notification.')
    .argument('<requestId>', 'what the send answered, ds-…')
    .option('--watch', 'stay until it is over, with a progress bar on a terminal')
    .option('--json-output', 'print the status document instead of a summary')
    .addHelpText(
      'after',
      `
Exit codes: 0 everybody was reached, 1 not everybody, 75 still in progress (without --watch).

Example:
  beckon status ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 --watch --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action(async (requestId: string, options: StatusOptions) => {
      const target = await openTarget(command, options);
      const found = await target.client.notification({ botId: target.botId, notificationId: requestId });
      await (found.api === 'native' ? showNative(target, found, options) : showJob(target, requestId, options));
    });
}

async function showNative(target: Target, found: Notification, { watch, jsonOutput }: StatusOptions): Promise<void> {
  const shown = watch ? await watchNotification(target, found.id, openProgress('Delivering')) : found;
  console.log(jsonOutput ? JSON.stringify(shown, null, 2) : summarizeNotification(shown));
  process.exitCode = exitCodeFor(shown);
}

async function showJob({ client, botId }: Target, requestId: string, options: StatusOptions): Promise<void> {
  const job = options.watch
    ? await watchUntilDone({ client, botId, requestId, progress: openProgress('Delivering') })
    : await client.status({ botId, requestId });
  console.log(options.jsonOutput ? JSON.stringify(job, null, 2) : summarize(job));
  process.exitCode = exitCodeOf(job);
}
