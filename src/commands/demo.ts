import type { Command } from 'commander';
import type { World } from './demo/world.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { NO_PROGRESS, openProgress } from './progress.ts';
import { firstStopSignal } from './stop-signals.ts';

interface DemoOptions {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly data?: string;
  readonly port: string;
  readonly channels?: string;
}

export function define(command: Command): void {
  command
    .description('Shows the whole thing on this machine: simulated providers, a server, 1,000 people to notify.')
    .option('--once', 'leave after the result instead of staying up')
    .option('--json', 'print nothing but the final status document')
    .option('--channels <names>', 'one announcement over all of them, or over some: all, or msteams,whatsapp,…')
    .option('--data <folder>', 'keep the database in this folder (default: a temporary one)')
    .option('--port <number>', "the server's port; 0 picks a free one", '0')
    .addHelpText('after', '\nExample:\n  beckon demo\n  beckon demo --once --json | less\n  beckon demo --channels all')
    .action(async (options: DemoOptions) => {
      const stopped = firstStopSignal();
      const { startWorld } = await import('./demo/world.ts');
      const quiet = options.json === true;
      const channels = await readChannels(options.channels);
      const world = await startWorld({ data: options.data ?? null, port: options.port, quiet });
      try {
        const playing = options.channels === undefined ? play(world, quiet) : playEverywhere(world, channels, quiet);
        const result = await Promise.race([playing, stopped]);
        if (typeof result === 'string') return await leaveAtOnce(world);
        if (!options.once) await stayUp(result.someone, world, stopped, quiet);
        process.exitCode = result.isGood ? EXIT.ok : EXIT.failure;
      } finally {
        await world.close();
      }
    });
}

/** What was shown, as far as the rest depends on it. */
interface Played {
  readonly isGood: boolean;
  /** Whom the reader may try to write to. */
  readonly someone: string;
}

async function play(world: World, quiet: boolean): Promise<Played> {
  const { loadPeople, notifyEverybody } = await import('./demo/story.ts');
  const say = quiet ? () => {} : console.log;
  say(`A server runs at ${world.url}; it talks to simulated providers at ${world.sandbox.urls.base}.`);
  say(`Loaded ${await loadPeople(world)} people. Now a notification to 1000 of them on Teams:`);
  const job = await notifyEverybody(world, quiet ? NO_PROGRESS : openProgress('Delivering'));
  const { tellResult } = await import('./demo/farewell.ts');
  console.log(quiet ? JSON.stringify(job, null, 2) : tellResult(job, world));
  const someone = job.statusLogs.find((log) => log.status === 'SUCCESS')?.originalId ?? '';
  return { isGood: job.status === 'PARTIAL_SUCCESS', someone };
}

async function playEverywhere(world: World, channels: readonly string[], quiet: boolean): Promise<Played> {
  const { announceEverywhere, openBoard } = await import('./demo/everywhere.ts');
  const { someoneEverywhere } = await import('./demo/colleagues.ts');
  if (!quiet)
    console.log(`A server runs at ${world.url}; it talks to simulated providers at ${world.sandbox.urls.base}.`);
  const board = quiet ? { show() {}, stop() {} } : openBoard(process.stdout);
  const parts = await announceEverywhere(world, channels, (state) => board.show(state));
  board.stop();
  if (quiet)
    console.log(
      JSON.stringify(
        parts.map((part) => part.notification),
        null,
        2,
      ),
    );
  const isGood = parts.every(({ notification: { counts } }) => counts.pending === 0 && counts.delivered > 0);
  return { isGood, someone: someoneEverywhere() };
}

async function readChannels(given: string | undefined): Promise<readonly string[]> {
  const { channelIds } = await import('./demo/everywhere.ts');
  const known = channelIds();
  if (given === undefined || given === 'all') return known;
  const asked = given.split(',').map((name) => name.trim());
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return asked;
  throw new CommandFailure(
    `--channels: "${unknown}" is not a channel. There are: ${known.join(', ')}; or all.`,
    EXIT.usage,
  );
}

/** The play itself would go on waiting for a notification that nobody delivers any more. */
async function leaveAtOnce(world: World): Promise<void> {
  await world.close();
  process.exit(EXIT.failure);
}

async function stayUp(someone: string, world: World, stopped: Promise<unknown>, quiet: boolean): Promise<void> {
  const { tellNextSteps } = await import('./demo/farewell.ts');
  if (!quiet) console.log(await tellNextSteps(someone, world));
  await stopped;
}
