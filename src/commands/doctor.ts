import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { LoadedConfig } from '../config/file.ts';
import { redactDatabase } from '../config/parse-address.ts';
import type { Settings } from '../config/settings.ts';
import { systemClock } from '../model/clock.ts';
import { checkConnections } from './check-connections.ts';
import { checkClock, checkDatabase, checkFolder, checkNode, nearestExisting, sqlitePath } from './checks.ts';
import { checkPrivacy, checkSpace, checkSync, checkWal } from './doctor/disk.ts';
import { checkProvider } from './doctor/identity-provider.ts';
import { checkOpenFiles, checkPort, checkPublicUrl, checkSecretFiles, checkSecretKey } from './doctor/machine.ts';
import { POSTGRES_CHECKS } from './doctor/postgres.ts';
import { Report } from './doctor/report.ts';
import { EXIT } from './exit.ts';
import { addSettings, loadCommandConfig, readCommandSettings } from './runtime.ts';

export function define(command: Command): void {
  addSettings(command, ['config', 'database', 'host', 'port', 'publicUrl', 'secretKey', 'platformKey'])
    .description('Checks everything a server needs and says what is wrong. Sends nothing to anyone.')
    .option('--json', 'print one JSON document: healthy, and each check with its verdict and its sentence')
    .addHelpText(
      'after',
      `
A line begins with ✓, with ! for what a server can live with, or with ✗. Exits 0 when there is no ✗, else 1.

Examples:
  beckon doctor --config beckon.yaml
  beckon doctor --database postgres://beckon@db.example.com/beckon --json`,
    )
    .action(async ({ json }: { readonly json?: true }) => {
      const report = new Report({ asJson: json === true });
      await examine(command, report);
      report.end();
      process.exitCode = report.healthy ? EXIT.ok : EXIT.failure;
    });
}

async function examine(command: Command, report: Report): Promise<void> {
  await report.check('Node', checkNode);
  await report.check('clock', () => checkClock(Date.now()));
  const settings = await report.read('settings', () => readCommandSettings(command), describeSettingsFound);
  if (settings === null) return;
  const isHeld = await examineDatabase(settings, report);
  await report.check('secret key', () => checkSecretKey(settings));
  await report.check('port', () => checkPort(settings, isHeld));
  const config = await report.read('configuration', () => loadCommandConfig(settings), describeConfigFound);
  if (config === null) return;
  await report.check('secrets', () => checkSecretFiles(config));
  await report.check('public URL', () => checkPublicUrl(settings, config));
  await report.check('open files', () => checkOpenFiles(config));
  for (const provider of config.oidc)
    await report.check(`sign-in with ${provider.name}`, () => checkProvider(provider));
  for (const { name, run } of await checkConnections(config)) await report.check(name, run);
}

/** True when a server runs on the database at this moment. */
async function examineDatabase({ database }: Settings, report: Report): Promise<boolean> {
  await report.check('folder', () => checkFolder(database));
  const path = sqlitePath(database);
  if (path !== null) await examineDisk(path, report);
  if (database.startsWith('postgres') && !(await examinePostgres(database, report))) return false;
  const found = await report.read(
    'database',
    () => checkDatabase(database),
    ({ finding }) => finding,
  );
  return found?.isHeld ?? false;
}

async function examineDisk(path: string, report: Report): Promise<void> {
  const folder = nearestExisting(dirname(path));
  await report.check('disk space', () => checkSpace(folder));
  await report.check('disk', () => checkSync(folder));
  await report.check('database file', () => checkPrivacy(path));
  await report.check('write-ahead log', () => checkWal(path));
}

/** False when it cannot be asked. */
async function examinePostgres(database: string, report: Report): Promise<boolean> {
  const { readPostgresFacts } = await import('../store/postgres-facts.ts');
  const facts = await report.read(
    'PostgreSQL',
    () => readPostgresFacts(database, systemClock),
    () => `${redactDatabase(database)} answers questions`,
  );
  if (facts === null) return false;
  for (const [name, check] of POSTGRES_CHECKS) await report.check(name, () => check(facts, database));
  return true;
}

const describeSettingsFound = (settings: Settings): string => `read; the configuration file is ${settings.config}`;
const describeConfigFound = (config: LoadedConfig): string =>
  `${config.path} is good: bots ${config.tenancy.bots().length}, apps ${config.apps.length}`;
