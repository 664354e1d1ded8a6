import type { Command } from 'commander';
import { SETTING_KEYS, type Settings } from '../config/settings.ts';
import { createLogger } from '../log/logger.ts';
import { giveBackAtRest } from '../memory/at-rest.ts';
import { systemClock } from '../model/clock.ts';
import type { RunningServer } from '../serve.ts';
import { checkFolder, sqlitePath } from './checks.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addSettings, loadCommandConfig, readCommandSettings } from './runtime.ts';
import { firstStopSignal } from './stop-signals.ts';

export function define(command: Command): void {
  addSettings(command, SETTING_KEYS)
    .option('--no-console', 'serve the API only, as --console off')
    .description('Runs the server. Every flag can be set by its environment variable instead.')
    .addHelpText(
      'after',
      `
SIGTERM or Ctrl-C drains: no new work is taken, sends in flight finish, the rest is given back. A second one ends it now.

Examples:
  beckon serve --config beckon.yaml
  beckon serve --database postgres://beckon@db.example.com/beckon --host 0.0.0.0      one of many on one database`,
    )
    .action(async () => {
      // First of all: as PID 1 of a container a signal without a handler is lost.
      const stopped = firstStopSignal();
      const settings = readCommandSettings(command);
      const server = await start(settings);
      const stopGivingBack = giveBackAtRest(systemClock);
      server.closed.then(stopGivingBack);
      console.log(await greet(server, settings));
      process.exitCode = await runUntilStopped(server, stopped, Math.max(settings.drainMs, settings.lingerMs));
    });
}

/** One write: whoever waits for the first line may read no other. */
async function greet(server: RunningServer, { console, role }: Settings): Promise<string> {
  const greeting = `Beckon listens on ${server.url}`;
  const setUp = console === 'on' && role !== 'worker' ? await server.makeSetUpLink() : null;
  return setUp === null
    ? greeting
    : `${greeting}\nNobody can sign in yet. Make the first admin, within a day: ${setUp}`;
}

async function start(settings: Settings): Promise<RunningServer> {
  await refuseSecond(settings);
  const config = await loadCommandConfig(settings);
  checkFolder(settings.database);
  checkRole(settings);
  const logger = createLogger({ level: settings.logLevel, format: settings.logFormat });
  const { serve } = await import('../serve.ts');
  const { openTracer } = await import('../tracing/open-tracer.ts');
  return serve({ settings, config, logger, tracer: await openTracer(process.env, logger) });
}

/** Before all that a server consists of is loaded: who starts one too many is told at once. */
async function refuseSecond({ database }: Settings): Promise<void> {
  const path = sqlitePath(database);
  if (path === null) return;
  const { refuseHeld } = await import('../store/hold.ts');
  refuseHeld(path);
}

/** A SQLite file belongs to one process, so there would be nobody for the other half of the work. */
function checkRole({ role, database }: Settings): void {
  if (role === 'all' || !database.startsWith('sqlite:')) return;
  const sentence = `--role ${role} needs a --database that several processes can share: use postgres://…, or --role all.`;
  throw new CommandFailure(sentence, EXIT.configuration);
}

/** What closing may take beyond the sends in flight and the last calls. */
const CLOSE_MS = 10_000;

/** Until a signal has drained it, which is a success, or until it ended by itself, which is not. */
async function runUntilStopped(
  server: RunningServer,
  stopped: Promise<NodeJS.Signals>,
  stopMs: number,
): Promise<number> {
  const signal = await Promise.race([stopped, server.closed]);
  if (signal === undefined) return EXIT.failure;
  // Whatever then still keeps the process alive shall not keep it for ever.
  setTimeout(() => process.exit(EXIT.failure), stopMs + CLOSE_MS).unref();
  await server.drain();
  return EXIT.ok;
}
