import { constants, setPriority } from 'node:os';
import type { Command } from 'commander';
import { redactDatabase } from '../config/parse-address.ts';
import { requireSqliteFile } from './checks.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addSettings, readCommandSettings } from './runtime.ts';

export function define(command: Command): void {
  addSettings(command, ['database'])
    .description('Copies a SQLite database into a file, also while a server runs on it. Never overwrites.')
    .argument('<file>', 'the backup to make')
    .addHelpText(
      'after',
      `
The backup is one consistent moment, checked page by page, and gets its name when it is on the disk. A running server
goes on sending; its write-ahead log grows by what it writes meanwhile. PostgreSQL has tools of its own: see --help of
beckon restore.

Example:
  beckon backup --database sqlite:./data/beckon.db /mnt/backups/beckon-2026-03-01.db`,
    )
    .action(async (file: string) => {
      const { database } = readCommandSettings(command);
      if (database.startsWith('postgres')) throw refusePostgres(database, file);
      const path = requireSqliteFile(database);
      // The server beside it has people waiting.
      setPriority(constants.priority.PRIORITY_LOW);
      const { backUp } = await import('../store/backup.ts');
      const { rows, notifications, bytes, schemaVersion } = await backUp(path, file);
      const words = [`${rows} rows`, `${notifications} notifications`, `${bytes} bytes`];
      console.log(`${file} is a sound backup of ${path}: ${words.join(', ')}, schema version ${schemaVersion}.`);
    });
}

function refusePostgres(database: string, file: string): CommandFailure {
  const dump = `pg_dump --format=custom --file=${file} '${redactDatabase(database)}'`;
  return new CommandFailure(
    `PostgreSQL is backed up by its own tools, such as: ${dump} (or a base backup with its WAL).`,
    EXIT.usage,
  );
}
