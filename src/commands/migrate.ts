import type { Command } from 'commander';
import { redactDatabase } from '../config/parse-address.ts';
import { systemClock } from '../model/clock.ts';
import { checkFolder } from './checks.ts';
import { addSettings, readCommandSettings } from './runtime.ts';

export function define(command: Command): void {
  addSettings(command, ['database'])
    .description('Brings the schema of the database up to date. A server does the same when it starts.')
    .addHelpText('after', '\nExample:\n  beckon migrate --database postgres://beckon@db.example.com/beckon')
    .action(async () => {
      const { database } = readCommandSettings(command);
      checkFolder(database);
      const { openStore } = await import('../store/open.ts');
      const store = await openStore(database, { clock: systemClock });
      console.log(`${redactDatabase(database)} is at schema version ${await store.schemaVersion()}.`);
      await store.close();
    });
}
