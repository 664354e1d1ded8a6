import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { redactDatabase } from '../config/parse-address.ts';
import { systemClock } from '../model/clock.ts';
import type { RestoreDecision, RestoredState } from '../store/port/upkeep.ts';
import { requireSqliteFile, sqlitePath } from './checks.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addSettings, readCommandSettings } from './runtime.ts';

interface RestoreOptions {
  readonly overwrite?: true;
  readonly mark?: true;
  readonly release?: true;
  readonly conclude?: true;
}

export function define(command: Command): void {
  addSettings(command, ['database'])
    .description('Puts a backup back, and decides about those who may have been sent their message since it was made.')
    .argument('[backup]', 'a file that beckon backup made; SQLite only')
    .option('--overwrite', 'replace the database that is there; it is kept beside it')
    .option('--mark', 'say that the database was restored by other means (pg_restore)')
    .option('--release', 'send to everybody outstanding in the backup, marked as maybe sent before')
    .option('--conclude', 'send to none of them: they end as unknown')
    .addHelpText('after', HELP)
    .action(async (backup: string | undefined, options: RestoreOptions) => {
      const { database } = readCommandSettings(command);
      const step = chooseStep(backup, options);
      if (step.kind === 'put back') await putBackFile(database, step.backup, options.overwrite === true);
      else if (step.kind === 'mark') await mark(database);
      else await decide(database, step.decision);
    });
}

const HELP = `
A backup does not know what was sent after it was made. So a restored database sends nothing, and a server on it says
so in its log and at /readyz, until one of --release and --conclude has been run. New notifications are accepted and
wait, too. The server on a SQLite file must be stopped for each of these steps; on PostgreSQL for the first two.

Examples:
  beckon restore /mnt/backups/beckon-2026-03-01.db --database sqlite:./data/beckon.db
  beckon restore --release --database sqlite:./data/beckon.db

  pg_dump --format=custom --file=beckon.dump postgres://beckon@db.example.com/beckon      the backup
  pg_restore --clean --if-exists --dbname=postgres://beckon@db.example.com/beckon beckon.dump
  beckon restore --mark --database postgres://beckon@db.example.com/beckon
  beckon restore --conclude --database postgres://beckon@db.example.com/beckon`;

type Step =
  | { readonly kind: 'put back'; readonly backup: string }
  | { readonly kind: 'mark' }
  | { readonly kind: 'decide'; readonly decision: RestoreDecision };

function chooseStep(backup: string | undefined, { mark, release, conclude }: RestoreOptions): Step {
  const steps: Step[] = [];
  if (backup !== undefined) steps.push({ kind: 'put back', backup });
  if (mark) steps.push({ kind: 'mark' });
  if (release) steps.push({ kind: 'decide', decision: 'release' });
  if (conclude) steps.push({ kind: 'decide', decision: 'conclude' });
  const [only, second] = steps;
  if (only !== undefined && second === undefined) return only;
  throw new CommandFailure('Give one of: a backup, --mark, --release, --conclude.', EXIT.usage);
}

async function putBackFile(database: string, backup: string, overwrite: boolean): Promise<void> {
  if (database.startsWith('postgres')) {
    throw new CommandFailure(
      'PostgreSQL is restored by pg_restore; run `beckon restore --mark` after it, before any server starts.',
      EXIT.usage,
    );
  }
  const path = requireSqliteFile(database);
  const { putBack } = await import('../store/put-back.ts');
  const report = await putBack({ backup, path, overwrite, clock: systemClock });
  if (report.replaced !== null) console.log(`The database that was there is now ${report.replaced}.`);
  console.log(`${path} holds the backup: ${report.rows} rows, ${report.notifications} notifications.`);
  sayWhatWaits(report);
}

async function mark(database: string): Promise<void> {
  const store = await open(database);
  try {
    sayWhatWaits(await store.markRestored({ at: Date.now() }));
  } finally {
    await store.close();
  }
}

function sayWhatWaits({ recipients }: RestoredState): void {
  console.log(`It is marked as restored: nothing is sent, and ${recipients} recipients that were outstanding wait.`);
  console.log('Next: beckon restore --release (send to them) or beckon restore --conclude (they end as unknown).');
}

async function decide(database: string, decision: RestoreDecision): Promise<void> {
  const store = await open(database);
  try {
    const shown = redactDatabase(database);
    if ((await store.findRestored()) === null) {
      throw new CommandFailure(`${shown} is not marked as restored: there is nothing to decide.`, EXIT.failure);
    }
    const recipients = await store.endRestore({ decision, at: Date.now() });
    const fate = decision === 'release' ? 'will be sent their message, marked as maybe sent before' : 'end as unknown';
    console.log(`${recipients} recipients ${fate}. ${shown} is in service again.`);
  } finally {
    await store.close();
  }
}

async function open(database: string) {
  const path = sqlitePath(database);
  // A mistyped name would make a fresh database, and the one that matters would send everything again.
  if (path === null ? !database.startsWith('postgres') : !existsSync(path)) {
    throw new CommandFailure(`${database} is not there: check --database.`, EXIT.usage);
  }
  const { openStore } = await import('../store/open.ts');
  return openStore(database, { clock: systemClock });
}
