import { type Command, Option } from 'commander';
import type { RetryAsked, RetryState } from '../client/steering-documents.ts';
import { REASONS } from '../model/reasons.ts';
import { addTarget, openTarget, type TargetOptions } from './target.ts';

interface RetryOptions extends TargetOptions {
  readonly state?: NonNullable<NonNullable<RetryAsked['only']>['states']>;
  readonly reason?: readonly string[];
  readonly expiresAt?: string;
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addTarget(command)
    .description('Sends a notification again to whom it did not reach.')
    .argument('<requestId>', 'what the send answered, ds-…')
    .addOption(
      new Option('--state <state...>', 'default: failed; with --reason, all of these').choices([
        'failed',
        'unknown',
        'expired',
        'suppressed',
      ]),
    )
    .addOption(
      new Option('--reason <reason...>', 'only these; docs/reasons.md explains them').choices(Object.keys(REASONS)),
    )
    .option('--expires-at <time>', 'its new deadline, 2026-03-01T10:00:00Z; default: as long again if it is over')
    .option('--json-output', 'print the answer as JSON instead of a sentence')
    .addHelpText(
      'after',
      `
Whoever is unknown may have the message already: they are retried only if you say --state unknown.

Example:
  beckon retry ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 --reason provider_error --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action(async (notificationId: string, options: RetryOptions) => {
      const { client, botId } = await openTarget(command, options);
      const body = {
        only: { ...(options.state && { states: options.state }), ...(options.reason && { reasons: options.reason }) },
        ...(options.expiresAt && { expiresAt: options.expiresAt }),
      };
      const state = await client.retry({ botId, notificationId, body });
      console.log(options.jsonOutput ? JSON.stringify(state, null, 2) : describe(state));
    });
}

function describe({ id, retried, leftOut, isComplete, expiresAt }: RetryState): string {
  const left = leftOut === 0 ? '' : `, ${leftOut} stay as they are`;
  const more = isComplete ? '' : ' so far, and it goes on';
  return `${id}: ${retried} recipients are tried again${left}${more}; it expires at ${expiresAt}`;
}
