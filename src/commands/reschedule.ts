import { type Command, Option } from 'commander';
import { LANES, type Lane } from '../model/notification.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addTarget, openTarget, type TargetOptions } from './target.ts';
import { readTimingFlags } from './timing-flags.ts';

interface RescheduleOptions extends TargetOptions {
  readonly at?: string;
  readonly now?: boolean;
  readonly window?: string;
  readonly anyTime?: boolean;
  readonly fallbackZone?: string;
  readonly priority?: Lane;
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addTarget(command)
    .description('Gives a notification that has not begun another time.')
    .argument('<requestId>', 'what the send answered, ds-…')
    .addOption(
      new Option('--at <when>', 'send nothing before: 2026-03-02T08:00+01:00, or 2h from now').conflicts('now'),
    )
    .option('--now', 'send it at once')
    .addOption(new Option('--window <hours>', 'only in these hours: "mon-fri 08:00-18:00"').conflicts('anyTime'))
    .option('--any-time', 'at any hour')
    .option('--fallback-zone <zone>', 'the time zone of whom the directory has none (default: UTC)')
    .addOption(new Option('--priority <lane>', 'what goes first').choices(LANES))
    .option('--json-output', 'print the answer as JSON instead of a sentence')
    .addHelpText(
      'after',
      `
Example:
  beckon reschedule ds-1f0c9a52-3b7e-5d07-9a44-0c2d6f1e7b11 --at 2026-03-02T08:00+01:00 --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9`,
    )
    .action(async (notificationId: string, options: RescheduleOptions) => {
      const { at, window, fallbackZone, priority, now, anyTime } = options;
      const flags = {
        ...(at !== undefined && { at }),
        ...(window !== undefined && { window }),
        ...(fallbackZone !== undefined && { fallbackZone }),
        ...(priority !== undefined && { priority }),
      };
      const body = {
        ...readTimingFlags(flags, Date.now()),
        ...(now && { sendAt: null }),
        ...(anyTime && { window: null }),
      };
      if (Object.keys(body).length === 0)
        throw new CommandFailure('To when? Give --at, --now, --window, --any-time or --priority.', EXIT.usage);
      const { client, botId } = await openTarget(command, options);
      const notification = await client.reschedule({ botId, notificationId, body });
      const { id, sendAt, expiresAt } = notification;
      const words = `${id} is sent ${sendAt === null ? 'from now on' : `not before ${sendAt}`} and expires at ${expiresAt}`;
      console.log(options.jsonOutput ? JSON.stringify(notification, null, 2) : words);
    });
}
