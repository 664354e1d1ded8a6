import { parentPort } from 'node:worker_threads';
import { BUGS } from './bugs.ts';
import type { Job } from './crew.ts';
import { hunt, type Search, search } from './search.ts';

/* A thread of the crew: does one job after the other. What it throws ends the thread, and whoever asked is told. */
parentPort?.on('message', async (job: Job) => parentPort?.postMessage(await perform(job)));

function perform({ seeds, bug: name }: Job): Promise<Search> {
  if (name === null) return search(seeds);
  const bug = BUGS.find((one) => one.name === name);
  if (bug === undefined) throw new Error(`nobody knows the bug "${name}"`);
  return hunt(bug, seeds);
}
