import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { delay } from '../support/delay.ts';
import { fillBacklog } from '../support/hook-backlog.ts';
import { botIdOf, type HookStage, openHookStage } from '../support/hook-stage.ts';
import { KillWitness } from '../support/kill-witness.ts';
import { percentile } from '../support/percentile.ts';
import { startPostgres } from '../support/postgres.ts';
import { between } from '../support/seed.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

const HASTY = fileURLToPath(new URL('../support/hasty-server.ts', import.meta.url));

export const killedOnSqlite: Fault = {
  id: 'F03',
  title: 'kill -9 of the server, a million waiting, SQLite',
  isTimed: true,
  run: (parts) => killServer({ kills: 50, waiting: 1_000 }, parts),
  control: (parts) => killServer({ kills: 2, waiting: 1, script: HASTY }, parts),
};

export const killedOnPostgres: Fault = {
  id: 'F03',
  title: 'kill -9 of the server, a million waiting, PostgreSQL',
  isTimed: true,
  run: (parts) => killServer({ kills: 50, waiting: 1_000, postgres: true }, parts),
};

interface KillOptions {
  readonly kills: number;
  /** Notifications of 1,000 that another bot has waiting all the time. */
  readonly waiting: number;
  readonly script?: string;
  readonly postgres?: boolean;
  /** False: how long a start takes is told and not judged. */
  readonly isTimed?: boolean;
}

const PEOPLE = 500;
/** More than is delivered between two kills. */
const MOST_OUTSTANDING = 2_500;
const LEASE_MS = 2_000;
const MOST_OPEN = 256;
const READY_MS = 3_000;
/** On a machine that is slow today: so many times what a server with nothing to do takes. */
const READY_FACTOR = 2;

/**
 * After each kill the provider's ledger is held against the logs in the dead database: what was under way and not yet
 * recorded may come once more, and nothing else. At the end, after a lease and ten seconds without progress, everybody
 * who was promised has to be reached.
 */
export async function killServer(options: KillOptions, { random }: FaultParts): Promise<Finding> {
  const postgres = options.postgres ? await startPostgres() : null;
  const slow = await startSandbox({ limits: 'off', ledger: 'counts' });
  slow.faults.add({ provider: 'hooks', fault: { kind: 'slow', delayMs: 1_000 } });
  const stage = await openHookStage({ bots: ['ann', 'bulk'], urls: { bulk: `${slow.urls.hooks}/bulk` } });
  try {
    const database = (await postgres?.createDatabase()) ?? `sqlite:${join(stage.folder, 'beckon.db')}`;
    await fillBacklog(database, { bot: 'bulk', lane: 'normal', notifications: options.waiting });
    const botId = botIdOf('ann');
    const witness = new KillWitness({ sandbox: stage.sandbox, database, botId });
    const start = () => stage.start(['--database', database, '--lease-ms', String(LEASE_MS)], options.script);
    const accepted: string[] = [];
    const readyMs: number[] = [];
    const opens: number[] = [];
    let [repeats, unfounded] = [0, 0];
    const emptyMs = options.isTimed === false ? 0 : await startEmpty(stage);
    for (let kill = 0; kill < options.kills; kill += 1) {
      const startedAt = performance.now();
      const server = await start();
      readyMs.push(performance.now() - startedAt);
      const load = startLoad(stage, server.url, accepted);
      await delay(between(random, 150, 700));
      await server.kill();
      await load.end();
      const found = await witness.lookAfterKill();
      opens.push(found.open);
      repeats += found.repeats;
      unfounded += found.unfounded;
    }
    await start();
    const { undelivered, detail } = await untilAllOver(database, { botId });
    const last = await witness.look();
    const lost = witness.countLost(accepted, PEOPLE);
    const [most, slowest] = [Math.max(...opens), Math.max(...readyMs)];
    const total = stage.sandbox.ledger.total('hooks');
    return {
      figure: `${options.kills} kills, ${accepted.length} notifications of ${PEOPLE}, ${total} messages: ${lost} lost, ${undelivered} not delivered ${detail}; open at a kill ${Math.round(percentile(opens, 0.5))}, at most ${most}; ${repeats + last.repeats} repeats, ${unfounded + last.unfounded} unexplained; ready in ${Math.round(percentile(readyMs, 0.5))} ms, at most ${Math.round(slowest)}, on an empty database ${Math.round(emptyMs)}`,
      bar: `0 lost, 0 not delivered ${LEASE_MS / 1_000} + 10 s after the last progress, 0 repeats of what was not open, at most ${MOST_OPEN} open at a kill, ready ≤ ${READY_MS} ms (or ${READY_FACTOR} × empty)`,
      ok:
        accepted.length > 0 &&
        lost + undelivered + unfounded + last.unfounded === 0 &&
        most <= MOST_OPEN &&
        (options.isTimed === false || slowest <= Math.max(READY_MS, READY_FACTOR * emptyMs)),
    };
  } finally {
    await stage.close();
    await slow.close();
    await postgres?.stop();
  }
}

/** The longest of three starts with nothing to do. */
async function startEmpty(stage: HookStage): Promise<number> {
  let slowest = 0;
  for (let start = 0; start < 3; start += 1) {
    const startedAt = performance.now();
    const server = await stage.start(['--database', 'sqlite::memory:']);
    slowest = Math.max(slowest, performance.now() - startedAt);
    await server.kill();
  }
  return slowest;
}

/** A caller who always has something to tell, until nobody answers. */
function startLoad(stage: HookStage, url: string, accepted: string[]) {
  let over = false;
  const run = async () => {
    while (!over) {
      const outstanding = accepted.length * PEOPLE - stage.sandbox.ledger.total('hooks');
      if (outstanding > MOST_OUTSTANDING) await delay(10);
      else {
        const { id } = await stage.send(url, { bot: 'ann', text: 'call', people: PEOPLE });
        if (id === null) return;
        accepted.push(id);
      }
    }
  };
  const ended = run();
  return {
    end() {
      over = true;
      return ended;
    },
  };
}
