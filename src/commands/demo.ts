import type { Command } from 'commander';
import type { JobStatus } from '../client/documents.ts';
import type { World } from './demo/world.ts';
import { EXIT } from './exit.ts';
import { NO_PROGRESS, openProgress } from './progress.ts';
import { firstStopSignal } from './stop-signals.ts';

interface DemoOptions {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly data?: string;
  readonly port: string;
}

export function define(command: Command): void {
  command
    .description('Shows the whole thing on this machine: simulated providers, a server, 1,000 people to notify.')
    .option('--once', 'leave after the result instead of staying up')
    .option('--json', 'print nothing but the final status document')
    .option('--data <folder>', 'keep the database in this folder (default: a temporary one)')
    .option('--port <number>', "the server's port; 0 picks a free one", '0')
    .addHelpText('after', '\nExample:\n  beckon demo\n  beckon demo --once --json | less')
    .action(async (options: DemoOptions) => {
      const stopped = firstStopSignal();
      const { startWorld } = await import('./demo/world.ts');
      const quiet = options.json === true;
      const world = await startWorld({ data: options.data ?? null, port: options.port, quiet });
      try {
        const job = await Promise.race([play(world, quiet), stopped]);
        if (typeof job === 'string') return await leaveAtOnce(world);
        if (!options.once) await stayUp(job, world, stopped, quiet);
        process.exitCode = job.status === 'PARTIAL_SUCCESS' ? EXIT.ok : EXIT.failure;
      } finally {
        await world.close();
      }
    });
}

async function play(world: World, quiet: boolean): Promise<JobStatus> {
  const { loadPeople, notifyEverybody } = await import('./demo/story.ts');
  const say = quiet ? () => {} : console.log;
  say(`A server runs at ${world.url}; it talks to simulated providers at ${world.sandbox.urls.base}.`);
  say(`Loaded ${await loadPeople(world)} people. Now a notification to 1000 of them on Teams:`);
  const job = await notifyEverybody(world, quiet ? NO_PROGRESS : openProgress('Delivering'));
  const { tellResult } = await import('./demo/farewell.ts');
  console.log(quiet ? JSON.stringify(job, null, 2) : tellResult(job, world));
  return job;
}

/** The play itself would go on waiting for a notification that nobody delivers any more. */
async function leaveAtOnce(world: World): Promise<void> {
  await world.close();
  process.exit(EXIT.failure);
}

async function stayUp(job: JobStatus, world: World, stopped: Promise<unknown>, quiet: boolean): Promise<void> {
  const { tellNextSteps } = await import('./demo/farewell.ts');
  if (!quiet) console.log(await tellNextSteps(job, world));
  await stopped;
}
