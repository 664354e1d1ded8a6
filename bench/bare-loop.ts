import { readQuestion } from './processes.ts';
import { openSender, type Sends } from './sender.ts';

/**
 * What delivery costs when nothing is accepted, resolved, paced, retried or recorded: the same requests to the same
 * provider from a loop around an undici Pool. Prints the milliseconds it took.
 */
export interface BareRun extends Sends {
  readonly sends: number;
}

const run = await readQuestion<BareRun>();
const sender = openSender(run);
let next = 0;

async function work(): Promise<void> {
  while (next < run.sends) {
    const index = next++ % run.paths.length;
    await sender.send(run.paths[index] ?? '', run.bodies[index] ?? '');
  }
}

const startedAt = performance.now();
await Promise.all(Array.from({ length: run.concurrency }, work));
console.log(performance.now() - startedAt);
await sender.close();
