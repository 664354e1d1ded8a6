/**
 * Many bots, each with a message or two waiting: what listing their queues and emptying them takes. Run by hand:
 *   node bench/tenants.ts [bots=10,100,1000,10000]
 * Prints, for each number of bots and each store: one look at all queues, and the whole work of a delivery on the
 * store's side (claim, checkpoint), µs a queue; medians of five rounds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/model/clock.ts';
import { randomId } from '../src/model/ids.ts';
import { allDelivered, sample } from '../src/store/exam-samples.ts';
import { openStore } from '../src/store/open.ts';
import type { QueueState } from '../src/store/port/work.ts';
import type { Store } from '../src/store/port.ts';
import { percentile } from '../test/support/percentile.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { shardByBot } from '../test/support/sharded-database.ts';

const ROUNDS = 5;
/** As the engine asks: a page of queues at a time. */
const PAGE = 1_000;
const AT_ONCE = 64;

const numbers = (process.argv[2] ?? '10,100,1000,10000').split(',').map(Number);
const folder = mkdtempSync(join(tmpdir(), 'beckon-bench-tenants-'));
const postgres = await startPostgres();
try {
  for (const bots of numbers) {
    await measure('SQLite', bots, `sqlite:${join(folder, `${bots}.db`)}`);
    await measure('PostgreSQL', bots, await postgres.createDatabase());
    await measure('in 4 shards', bots, await sharded());
  }
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true });
}

async function sharded(): Promise<string> {
  const url = await postgres.createDatabase();
  await shardByBot(url);
  return url;
}

async function measure(name: string, bots: number, url: string): Promise<void> {
  const store = await openStore(url, { clock: systemClock });
  const ids = Array.from({ length: bots }, () => randomId('st'));
  const [listing, emptying]: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    await inParallel(ids, (botId) => store.accept(sample({ botId })));
    const startedAt = performance.now();
    const states = await listAll(store);
    const listedAt = performance.now();
    if (states.length !== bots) throw new Error(`listed ${states.length} of ${bots} queues`);
    await inParallel(states, (state) => empty(store, state));
    listing?.push(((listedAt - startedAt) * 1_000) / bots);
    emptying?.push(((performance.now() - listedAt) * 1_000) / bots);
  }
  await store.close();
  const [list, rest] = [percentile(listing ?? [], 0.5), percentile(emptying ?? [], 0.5)];
  console.log(
    `${String(bots).padStart(6)} bots, ${name.padEnd(11)}: a look ${((list * bots) / 1_000).toFixed(1)} ms ` +
      `(${list.toFixed(1)} µs a queue), claim and checkpoint ${rest.toFixed(0)} µs a queue`,
  );
}

async function listAll(store: Store): Promise<QueueState[]> {
  const all: QueueState[] = [];
  for (;;) {
    const page = await store.listQueues({ after: all.at(-1)?.queue ?? null, limit: PAGE });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

async function empty(store: Store, { queue }: QueueState): Promise<void> {
  const batches = await store.claimDue({ queue, owner: 'bench', leaseMs: 60_000, limit: 4 });
  await store.checkpoint({ batches: batches.map(allDelivered), again: false });
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  const lane = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
