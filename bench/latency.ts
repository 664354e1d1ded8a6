import { join } from 'node:path';
import { startPostgres } from '../test/support/postgres.ts';
import type { Figure, Suite, SuiteOptions } from './figures.ts';
import { BODY, BOTS, openStage, PEOPLE, type Stage } from './stage.ts';

/**
 * S10: a provider that takes 200 ms for each call. What one process delivers is then what its concurrency allows, and
 * two processes deliver twice that. SQLite, and for two processes PostgreSQL beside one of them there. Over webhooks, for Teams
 * takes one message at a time for each conversation, and there are a thousand of them.
 */
export const latency: Suite = { ids: ['S10'], run };

const DELAY_MS = 200;
const IN_FLIGHT = { quick: [200], normal: [200, 1_000, 2_000], full: [200, 500, 1_000, 2_000] } as const;
const SECONDS = 6;
/** For two nodes: what one processor core can do with ease. */
const EACH = 200;

async function run({ rounds, size, say }: SuiteOptions): Promise<Figure[]> {
  const stage = await openStage({ delayMs: DELAY_MS });
  const postgres = await startPostgres();
  try {
    const shares = new Map<number, number[]>(IN_FLIGHT[size].map((inFlight) => [inFlight, []]));
    const gains: number[] = [];
    for (let round = 1; round <= Math.min(rounds, 3); round += 1) {
      for (const [inFlight, values] of shares) {
        const file = join(stage.folder, `latency-${inFlight}-${round}.db`);
        const perSecond = await deliver(stage, `sqlite:${file}`, { nodes: 1, inFlight });
        values.push((perSecond * DELAY_MS) / 1_000 / inFlight);
        say(`S10 round ${round}: ${inFlight} in flight, ${perSecond.toFixed(0)}/s`);
      }
      const one = await deliver(stage, await postgres.createDatabase(), { nodes: 1, inFlight: EACH });
      const two = await deliver(stage, await postgres.createDatabase(), { nodes: 2, inFlight: EACH });
      say(`S10 round ${round}: one node ${one.toFixed(0)}/s, two ${two.toFixed(0)}/s`);
      gains.push(two / one);
    }
    const figures = [...shares].map(
      ([inFlight, values]): Figure => ({
        id: 'S10',
        what: `of what ${inFlight} in flight allow at ${DELAY_MS} ms`,
        unit: '×',
        values,
        bar: { least: 0.95 },
      }),
    );
    return [...figures, { id: 'S10', what: 'two nodes to one', unit: '×', values: gains, bar: { least: 1.9 } }];
  } finally {
    await stage.close();
    await postgres.stop();
  }
}

const TO_HOOK = JSON.stringify({ ...JSON.parse(BODY), channel: 'ivr', webhookInstanceName: 'Hook' });

/** Deliveries a second in the middle of a run, when the first answers are in and nobody runs short. */
async function deliver(
  stage: Stage,
  database: string,
  { nodes, inFlight }: { readonly nodes: number; readonly inFlight: number },
): Promise<number> {
  const servers = [];
  for (let node = 0; node < nodes; node += 1) servers.push(await stage.start(database, { concurrency: inFlight }));
  const [first] = servers;
  if (first === undefined) throw new Error('no server');
  try {
    const delivered = (atLeast?: number) => stage.delivered(atLeast, 'hooks');
    const before = await delivered();
    const allowed = (nodes * inFlight * 1_000) / DELAY_MS;
    const notifications = Math.ceil((allowed * SECONDS) / PEOPLE);
    for (let index = 0; index < notifications; index += 1) await stage.notify(first, BOTS.calm, TO_HOOK);
    await delivered(before + allowed);
    const startedAt = performance.now();
    const from = await delivered();
    const to = await delivered(Math.round(before + allowed * (SECONDS - 1)));
    return ((to - from) * 1_000) / (performance.now() - startedAt);
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
  }
}
