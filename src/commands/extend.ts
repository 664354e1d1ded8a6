import type { Command } from 'commander';
import { addTarget, openTarget, type TargetOptions } from './target.ts';

interface ExtendOptions extends TargetOptions {
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addTarget(command)
    .description('Gives a notification more time before it expires.')
    .argument('<requestId>', 'what the send answered, ds-…')
    .argument('<expiresAt>', 'a time with its zone, 2026-03-01T10:00:00Z')
    .option('--json-output', 'print the answer as JSON instead of a sentence')
    .addHelpText(
      'after',
      `
Whoever has expired stays so: beckon retry --state expired sends it to them again.

Example:
  beckon extend ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 2026-03-01T10:00:00Z --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action(async (notificationId: string, expiresAt: string, options: ExtendOptions) => {
      const { client, botId } = await openTarget(command, options);
      const extension = await client.extend({ botId, notificationId, body: { expiresAt } });
      const { id, pending, alreadyFinal } = extension;
      const words = `${id} expires at ${extension.expiresAt}: ${pending} recipients wait, ${alreadyFinal} had their end before`;
      console.log(options.jsonOutput ? JSON.stringify(extension, null, 2) : words);
    });
}
