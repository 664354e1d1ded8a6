import { systemClock } from '../../src/model/clock.ts';
import { inspectStore } from '../../src/store/open.ts';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { type HookAnswer, type HookStage, openHookStage } from '../support/hook-stage.ts';
import { startPostgres } from '../support/postgres.ts';
import { between } from '../support/seed.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

export const rollingRestart: Fault = {
  id: 'F28',
  title: 'rolling restart of 3 nodes under load',
  isTimed: true,
  run: (parts) => restartInTurn({ restarts: 60 }, parts),
  control: (parts) => restartInTurn({ restarts: 3, end: (node) => node.kill() }, parts),
};

interface RestartOptions {
  /** Three of them are one round. */
  readonly restarts: number;
  /** How a node is ended; by SIGTERM unless told otherwise. Answers the exit code if there is one. */
  readonly end?: (node: BeckonProcess) => Promise<unknown>;
  /** What takes a node's place; by default this tree's own program. */
  readonly scriptOf?: (restart: number) => string | undefined;
}

const NODES = 3;
const CLIENTS = 4;
const PEOPLE = 20;

/** A tenth of what a stopping node goes on answering for. */
const PROBE_MS = 100;
const LINGER_MS = '1000';

/**
 * Nodes over one PostgreSQL are ended one after the other under steady load. The clients call through what a balancer
 * is: they choose among the nodes whose `/readyz` says so, and go to another one only when told 503 or 429.
 */
export async function restartInTurn(
  options: RestartOptions,
  { random }: FaultParts,
): Promise<Finding & { readonly schemaVersion: number }> {
  const postgres = await startPostgres();
  const stage = await openHookStage({ bots: ['ann'] });
  const nodes: BeckonProcess[] = [];
  let load: Load | null = null;
  try {
    const database = await postgres.createDatabase();
    const args = ['--database', database, '--lease-ms', '4000', '--linger-ms', LINGER_MS];
    for (let node = 0; node < NODES; node += 1) nodes.push(await stage.start(args));
    stage.sandbox.faults.add({ provider: 'hooks', fault: { kind: 'slow', delayMs: 20 } });
    load = startLoad(stage, nodes);
    const exits = { slowestMs: 0, wrong: 0 };
    for (let restart = 0; restart < options.restarts; restart += 1) {
      const index = restart % NODES;
      await delay(between(random, 50, 300));
      const node = nodes[index];
      if (node === undefined) throw new Error(`there is no node ${index}`);
      const startedAt = performance.now();
      const code = await (options.end ?? ((ending) => ending.stop()))(node);
      exits.slowestMs = Math.max(exits.slowestMs, performance.now() - startedAt);
      if (code !== 0) exits.wrong += 1;
      nodes[index] = await stage.start(args, options.scriptOf?.(restart));
    }
    const { accepted, moved, errors } = await load.end();
    const { undelivered, detail } = await untilAllOver(database);
    const { schemaVersion } = await inspectStore(database, { clock: systemClock });
    const { total, replays } = stage.sandbox.ledger.counts('hooks');
    const lost = accepted * PEOPLE - total;
    return {
      schemaVersion,
      figure: `${options.restarts} restarts, ${accepted} notifications of ${PEOPLE}: ${lost} lost, ${replays} doubled, ${undelivered} not delivered ${detail}, ${errors.length} client errors ${[...new Set(errors)].join(' ')} (${moved} moved on), exit ≤ ${Math.round(exits.slowestMs)} ms, ${exits.wrong} not with 0`,
      bar: '0 lost, 0 doubled, 0 client errors, exit 0 in ≤ 20 s',
      ok:
        accepted > 0 &&
        lost === 0 &&
        replays === 0 &&
        undelivered === 0 &&
        errors.length === 0 &&
        exits.wrong === 0 &&
        exits.slowestMs <= 20_000,
    };
  } finally {
    // Also of a run that broke off: who goes on calling keeps the process of the test.
    await load?.end();
    await stage.close();
    await postgres.stop();
  }
}

interface Load {
  /** Resolves with what the clients have seen once the last of them is answered. */
  end(): Promise<{ readonly accepted: number; readonly moved: number; readonly errors: readonly string[] }>;
}

/** Clients that each call again as soon as they are answered and have rested a little. */
function startLoad(stage: HookStage, nodes: readonly BeckonProcess[]): Load {
  const seen = { accepted: 0, moved: 0, errors: [] as string[] };
  const unready = new Set<BeckonProcess>();
  let over = false;
  const probe = async () => {
    while (!over) {
      await Promise.all(nodes.map(async (node) => ((await isReady(node)) ? unready.delete(node) : unready.add(node))));
      await delay(PROBE_MS);
    }
  };
  const client = async (first: number) => {
    for (let call = 0; !over; call += 1) {
      const ready = nodes.filter((node) => !unready.has(node));
      const answer = await sendSomewhere(stage, ready, first + call, seen);
      if (answer.id === null) seen.errors.push(answer.error ?? String(answer.status));
      else seen.accepted += 1;
      await delay(20);
    }
  };
  const all = Promise.all([probe(), ...Array.from({ length: CLIENTS }, (_, index) => client(index))]);
  return {
    async end() {
      over = true;
      await all;
      return seen;
    },
  };
}

async function isReady({ url }: BeckonProcess): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`, { headers: { connection: 'close' } }).catch(() => null);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}

async function sendSomewhere(
  stage: HookStage,
  nodes: readonly BeckonProcess[],
  first: number,
  seen: { moved: number },
): Promise<HookAnswer> {
  for (let tries = 0; ; tries += 1) {
    const url = nodes[(first + tries) % nodes.length]?.url ?? '';
    const answer = await stage.send(url, { bot: 'ann', text: `call ${first}`, people: PEOPLE });
    const mayMove = answer.status === 503 || answer.status === 429;
    if (!mayMove || tries === 2 * nodes.length) return answer;
    seen.moved += 1;
  }
}
