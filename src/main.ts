#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EXIT, EXIT_HELP } from './commands/exit.ts';
import { explain } from './commands/explain.ts';

interface CommandModule {
  /** Adds description, options, examples and the action to an empty command of the right name. */
  define(command: Command): void;
}

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded when the command is named, so that `--help` and small commands start at once. */
  load(): Promise<CommandModule>;
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'see it work: simulators, a server, 1,000 notifications, the truth about each',
    load: () => import('./commands/demo.ts'),
  },
  {
    name: 'serve',
    summary: 'run the server',
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'send',
    summary: 'send a notification',
    load: () => import('./commands/send.ts'),
  },
  {
    name: 'status',
    summary: 'ask what became of a notification',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'recipients',
    summary: 'export what became of each recipient of a notification',
    load: () => import('./commands/recipients-export.ts'),
  },
  {
    name: 'cancel',
    summary: 'stop sending a notification to those who have not been sent it yet',
    load: () => import('./commands/cancel.ts'),
  },
  {
    name: 'recall',
    summary: 'take a notification back from those who have it',
    load: () => import('./commands/recall.ts'),
  },
  {
    name: 'edit',
    summary: 'change a notification for those who have it',
    load: () => import('./commands/edit.ts'),
  },
  {
    name: 'pause',
    summary: 'send a notification to nobody more until it is resumed',
    load: () => import('./commands/pause.ts'),
  },
  {
    name: 'resume',
    summary: 'let a paused notification go on',
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'retry',
    summary: 'send a notification again to whom it did not reach',
    load: () => import('./commands/retry.ts'),
  },
  {
    name: 'reschedule',
    summary: 'give a notification that has not begun another time',
    load: () => import('./commands/reschedule.ts'),
  },
  {
    name: 'extend',
    summary: 'give a notification more time before it expires',
    load: () => import('./commands/extend.ts'),
  },
  {
    name: 'people',
    summary: 'import or export the directory, or erase somebody everywhere',
    load: () => import('./commands/people.ts'),
  },
  {
    name: 'operators',
    summary: 'invite who signs in to the console, list them, disable one',
    load: () => import('./commands/operators.ts'),
  },
  {
    name: 'audit',
    summary: 'export who changed what, and check that nobody rewrote it',
    load: () => import('./commands/audit.ts'),
  },
  {
    name: 'templates',
    summary: 'put, look at and try what is said again and again',
    load: () => import('./commands/templates.ts'),
  },
  {
    name: 'token',
    summary: 'make a token for an app',
    load: () => import('./commands/token.ts'),
  },
  {
    name: 'config',
    summary: 'check or print the configuration',
    load: () => import('./commands/config.ts'),
  },
  {
    name: 'doctor',
    summary: 'check everything a server needs, without sending anything',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'migrate',
    summary: 'bring the database up to date',
    load: () => import('./commands/migrate.ts'),
  },
  {
    name: 'backup',
    summary: 'copy a SQLite database, also while a server runs on it',
    load: () => import('./commands/backup.ts'),
  },
  {
    name: 'restore',
    summary: 'put a backup back, and decide about those who waited in it',
    load: () => import('./commands/restore.ts'),
  },
  {
    name: 'sandbox',
    summary: 'run simulators of the providers, to rehearse with',
    load: () => import('./commands/sandbox.ts'),
  },
  {
    name: 'openapi',
    summary: 'print the description of the API (OpenAPI 3.1)',
    load: () => import('./commands/openapi.ts'),
  },
  {
    name: 'bench',
    summary: 'measure deliveries per second on this machine',
    load: () => import('./commands/bench.ts'),
  },
];

const HELP = `
Begin with:
  beckon demo                                    everything at once, on this machine
  beckon config check --config beckon.yaml       is my configuration right?
  beckon serve --config beckon.yaml              the server
  beckon send --help                             every command explains itself with an example

${EXIT_HELP}

One-sentence errors go to standard error; BECKON_DEBUG=1 adds the stack.`;

const { version, engines } = readPackage();
refuseOldNode();
process.on('uncaughtException', endBadly);
process.stdout.on('error', (error) => {
  // The reader went away (`beckon status … | head`), which is no fault.
  if ('code' in error && error.code === 'EPIPE') process.exit(EXIT.ok);
  endBadly(error);
});
try {
  await run(process.argv.slice(2));
} catch (error) {
  endBadly(error);
}

async function run(words: readonly string[]): Promise<void> {
  const program = new Command('beckon')
    .description('Proactive notifications: one call, every channel, and the truth about every recipient.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'explain a command')
    .enablePositionalOptions()
    .addHelpText('after', HELP);
  const named = words.find((word) => !word.startsWith('-') && word !== 'help');
  for (const entry of COMMANDS) {
    const command = program.command(entry.name).summary(entry.summary);
    if (entry.name === named) (await entry.load()).define(command);
  }
  throwInsteadOfExiting(program);
  if (words.length === 0) return program.help({ error: true });
  await program.parseAsync([...words], { from: 'user' });
}

/** Commander would end the process itself, with 1 where a wrong command line means 2. */
function throwInsteadOfExiting(command: Command): void {
  const outputError = (text: string, write: (line: string) => void) =>
    write(
      `beckon: ${text
        .replace(/^error: /, '')
        .trim()
        .replace(/\s+/g, ' ')}\n`,
    );
  command.exitOverride().configureOutput({ outputError });
  for (const child of command.commands) throwInsteadOfExiting(child);
}

function endBadly(error: unknown): never {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  const { sentences, exitCode } = explain(error);
  for (const sentence of sentences) console.error(`beckon: ${sentence}`);
  if (process.env['BECKON_DEBUG'] === '1') console.error(error);
  process.exit(exitCode);
}

function refuseOldNode(): void {
  const needed = engines.node.replace('>=', '');
  if (needed.localeCompare(process.versions.node, 'en', { numeric: true }) <= 0) return;
  console.error(`beckon: needs Node ${needed} or newer, and this is ${process.versions.node}.`);
  process.exit(EXIT.configuration);
}

function readPackage(): { version: string; engines: { node: string } } {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
}
