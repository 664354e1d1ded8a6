import type { Command } from 'commander';
import type { LoadedConfig } from '../config/file.ts';
import type { Settings } from '../config/settings.ts';
import { SETTING_KEYS } from '../config/settings.ts';
import { describeSettings, settingsTable } from '../config/settings-docs.ts';
import { addSettings, loadCommandConfig, readCommandSettings } from './runtime.ts';

export function define(command: Command): void {
  command.description('Checks or prints the configuration. Starts nothing and calls nobody.');

  const check = command.command('check').description('Names every fault; exits 0 when there is none.');
  addSettings(check, SETTING_KEYS)
    .addHelpText('after', '\nExample:\n  beckon config check --config beckon.yaml')
    .action(async () => {
      const { config } = await load(check);
      console.log(`${config.path} is good: ${countParts(config)}.`);
    });

  const print = command.command('print').description('Prints settings and file as they are in force, without secrets.');
  addSettings(print, SETTING_KEYS)
    .addHelpText('after', '\nExample:\n  beckon config print --config beckon.yaml > attach-to-a-ticket.yaml')
    .action(async () => {
      const { settings, config } = await load(print);
      const { describeConfig } = await import('../config/file.ts');
      const settingLines = describeSettings(settings).replace(/^/gm, '# ');
      console.log(`${settingLines}\n${describeConfig(config).trimEnd()}`);
    });

  command
    .command('reference')
    .description('Prints the table of settings of the documentation.')
    .action(() => {
      process.stdout.write(settingsTable());
    });
}

async function load(command: Command): Promise<{ readonly settings: Settings; readonly config: LoadedConfig }> {
  const settings = readCommandSettings(command);
  return { settings, config: await loadCommandConfig(settings) };
}

function countParts({ tenancy, apps }: LoadedConfig): string {
  const bots = tenancy.bots();
  const connections = bots.reduce((sum, bot) => sum + tenancy.connections(bot.id).length, 0);
  return [count(bots.length, 'bot'), count(connections, 'connection'), count(apps.length, 'app')].join(', ');
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
