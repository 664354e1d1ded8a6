import type { Command } from 'commander';
import type { LoadedConfig } from '../config/file.ts';
import type { Settings } from '../config/settings.ts';
import { checkConnections } from './check-connections.ts';
import { checkClock, checkDatabase, checkFolder, checkNode } from './checks.ts';
import { EXIT } from './exit.ts';
import { explain } from './explain.ts';
import { addSettings, loadCommandConfig, readCommandSettings } from './runtime.ts';

export function define(command: Command): void {
  addSettings(command, ['config', 'database', 'secretKey', 'platformKey'])
    .description('Checks everything a server needs and says what is wrong. Sends nothing to anyone.')
    .addHelpText('after', '\nExits 0 when all is well, else 1.\n\nExample:\n  beckon doctor --config beckon.yaml')
    .action(async () => {
      const healthy = await examine(command);
      process.exitCode = healthy ? EXIT.ok : EXIT.failure;
    });
}

async function examine(command: Command): Promise<boolean> {
  const report = new Report();
  await report.check('Node', async () => checkNode());
  await report.check('clock', async () => checkClock(Date.now()));
  const settings = await report.check('settings', async () => readCommandSettings(command), describeSettingsFound);
  if (settings === null) return false;
  await report.check('folder', async () => checkFolder(settings.database));
  await report.check('database', () => checkDatabase(settings.database));
  const config = await report.check('configuration', () => loadCommandConfig(settings), describeConfigFound);
  if (config === null) return false;
  for (const { name, run } of await checkConnections(config)) await report.check(name, run);
  return report.healthy;
}

const describeSettingsFound = (settings: Settings): string => `read; the configuration file is ${settings.config}`;
const describeConfigFound = (config: LoadedConfig): string =>
  `${config.path} is good: bots ${config.tenancy.bots().length}, apps ${config.apps.length}`;

/** Prints a line for each check as it ends. */
class Report {
  healthy = true;

  /** What the check found; null when it failed, with every sentence printed. */
  async check<T>(name: string, run: () => Promise<T>, describe: (found: T) => string = String): Promise<T | null> {
    try {
      const found = await run();
      console.log(`✓ ${name}: ${describe(found)}`);
      return found;
    } catch (error) {
      for (const sentence of explain(error).sentences) console.log(`✗ ${name}: ${sentence}`);
      this.healthy = false;
      return null;
    }
  }
}
