import { fileURLToPath } from 'node:url';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { openHookStage } from '../support/hook-stage.ts';
import { startPostgres } from '../support/postgres.ts';
import { openReader } from '../support/until-all-over.ts';
import type { Fault, Finding } from './fault.ts';

export const poisonMessage: Fault = {
  id: 'F34',
  title: 'a message that ends the process which sends it, 2 nodes',
  run: () => swallowPoison({ people: 1_000, beside: 100, mostDeaths: 12 }),
  control: () => swallowPoison({ people: 300, beside: 100, mostDeaths: 8, more: ['--drain-ms', '1'] }),
};

const MORTAL = fileURLToPath(new URL('../support/mortal-server.ts', import.meta.url));

interface PoisonOptions {
  /** One of them is the poison. */
  readonly people: number;
  /** Of another bot, sent at the same time; fewer than the number of the poison. */
  readonly beside: number;
  /** Then it is given up. */
  readonly mostDeaths: number;
  readonly nodes?: number;
  readonly more?: readonly string[];
}

/** Nodes are started again as often as they die; the one message is given up, and nobody else misses theirs. */
export async function swallowPoison({
  people,
  beside,
  mostDeaths,
  nodes = 2,
  more = [],
}: PoisonOptions): Promise<Finding> {
  const postgres = await startPostgres();
  const stage = await openHookStage({ bots: ['ann', 'bob'], concurrency: 8 });
  const database = await postgres.createDatabase();
  const args = ['--database', database, '--lease-ms', '1000', ...more];
  let [deaths, isOver] = [0, false];
  const starting = () => stage.start(args, MORTAL).catch(() => null);
  const keepAlive = async (first: BeckonProcess | null) => {
    for (let node = first; ; node = await starting()) {
      await node?.ended;
      if (isOver) return;
      deaths += 1;
      if (deaths >= mostDeaths) return;
    }
  };
  try {
    const api = await stage.start([...args, '--role', 'api'], MORTAL);
    for (const bot of ['ann', 'bob']) {
      await stage.send(api.url, { bot, text: bot, people: bot === 'ann' ? people : beside });
    }
    const lives = Promise.all(Array.from({ length: nodes }, starting).map(async (node) => keepAlive(await node)));
    const reader = await openReader(database);
    const count = async (what: string) => Number((await reader.ask(`SELECT count(*) AS n FROM ${what}`))[0]?.['n']);
    while (deaths < mostDeaths && (await count('batches')) > 0) await delay(50);
    isOver = true;
    const poisoned = await count(`logs WHERE reason = 'poison' AND state = 'failed' AND seq = 137`);
    const delivered = await count(`logs WHERE state = 'delivered'`);
    const harmed = people + beside - 1 - delivered;
    const repeats = stage.sandbox.ledger.counts('hooks').replays;
    await reader.close();
    await stage.close();
    await lives;
    return {
      figure: `${deaths} deaths, ${poisoned} given up as poison, ${harmed} of ${people + beside - 1} others not delivered, ${repeats} repeats`,
      bar: '5 deaths, 1 given up, 0 others not delivered',
      ok: deaths === 5 && poisoned === 1 && harmed === 0,
    };
  } finally {
    isOver = true;
    await stage.close();
    await postgres.stop();
  }
}
