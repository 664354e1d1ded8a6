import { Pool } from 'undici';
import { readQuestion } from './processes.ts';

/**
 * What delivery costs when nothing is accepted, resolved, paced, retried or recorded: the same requests to the same
 * provider from a loop around an undici Pool. Prints the milliseconds it took.
 */
export interface BareRun {
  readonly origin: string;
  readonly token: string;
  readonly paths: readonly string[];
  readonly bodies: readonly string[];
  readonly sends: number;
  readonly concurrency: number;
}

const run = await readQuestion<BareRun>();
const pool = new Pool(run.origin, { connections: run.concurrency, pipelining: 1 });
const headers = { authorization: `Bearer ${run.token}`, 'content-type': 'application/json' };
let next = 0;

async function work(): Promise<void> {
  while (next < run.sends) {
    const index = next++ % run.paths.length;
    const answer = await pool.request({
      method: 'POST',
      path: run.paths[index] ?? '',
      headers,
      body: run.bodies[index] ?? '',
    });
    await answer.body.text();
    if (answer.statusCode !== 201) throw new Error(`the provider answered ${answer.statusCode}`);
  }
}

const startedAt = performance.now();
await Promise.all(Array.from({ length: run.concurrency }, work));
console.log(performance.now() - startedAt);
await pool.close();
