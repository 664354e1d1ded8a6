import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay, patience } from '../support/delay.ts';
import { openHookStage } from '../support/hook-stage.ts';
import { startPostgres } from '../support/postgres.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, Finding } from './fault.ts';

export const sharedBreaker: Fault = {
  id: 'F18',
  title: 'a provider that fails before 3 nodes, and the node that probes it killed',
  isPatient: true,
  run: () => failBeforeNodes({ people: 1_000, unwellMs: 12_000 }),
  control: () => failBeforeNodes({ people: 1_000, unwellMs: 12_000, script: UNTOLD }),
};

const UNTOLD = fileURLToPath(new URL('../support/untold-server.ts', import.meta.url));
const NODES = 3;
const CONCURRENCY = 16;
/** For others to be told in, after the first 20 calls failed. */
const TOLD_MS = 1_000;
const PROBE_MS = 400;
/** A minute at most; after so short a time no hold is longer than ten seconds. */
const PATIENCE_MS = 25_000;

interface Call {
  readonly node: string;
  readonly from: number;
  until: number;
}

/**
 * All nodes have much to send when the provider begins to fail. Once they were told, one call at a time finds out
 * whether it works again, over all nodes; and if the node that makes it dies, another goes on.
 */
export async function failBeforeNodes(options: {
  readonly people: number;
  readonly unwellMs: number;
  readonly script?: string;
}): Promise<Finding> {
  const { people, unwellMs, script } = options;
  const postgres = await startPostgres();
  const provider = await openUnwellProvider();
  const stage = await openHookStage({ bots: ['ann'], concurrency: CONCURRENCY, urls: { ann: `${provider.url}/NODE` } });
  try {
    const database = await postgres.createDatabase();
    const nodes: BeckonProcess[] = [];
    for (let node = 0; node < NODES; node += 1) {
      // The same connection to all of them; the path tells the provider who calls.
      const config = join(stage.folder, `node-${node}.yaml`);
      const text = await readFile(join(stage.folder, 'beckon.yaml'), 'utf8');
      await writeFile(config, text.replace('/NODE', `/${node}`));
      nodes.push(await stage.start(['--config', config, '--database', database, '--lease-ms', '4000'], script));
    }
    const [first] = nodes;
    for (let call = 0; call < NODES; call += 1) {
      await stage.send(first?.url ?? '', { bot: 'ann', text: `call ${call}`, people });
    }
    await provider.untilCalls(20);
    const failedAt = performance.now() + PROBE_MS;
    await Promise.race([provider.untilProbe(failedAt + TOLD_MS), patience(unwellMs)]);
    const prober = provider.calls.at(-1)?.node ?? '0';
    await nodes[Number(prober)]?.kill();
    const killedAt = performance.now();
    await delay(unwellMs);
    const probes = provider.calls.filter(({ from }) => from >= failedAt + TOLD_MS);
    const later = probes.filter(({ from }) => from > killedAt);
    provider.heal();
    const healedAt = performance.now();
    const { undelivered, detail } = await untilAllOver(database, { patienceMs: PATIENCE_MS });
    const healedMs = performance.now() - healedAt;
    const atOnce = mostAtOnce(probes);
    return {
      figure: `${NODES} nodes, ${NODES * people} recipients: ${provider.calls.length} calls before it was well, of them ${probes.length} from ${TOLD_MS} ms on, at most ${atOnce} at once; ${later.length} after the prober's death; ${undelivered} not delivered ${detail}; all over ${(healedMs / 1_000).toFixed(1)} s after it was well`,
      bar: 'at most 1 at once, ≤ 6 probes, ≥ 1 after the death, all delivered',
      ok: atOnce === 1 && probes.length <= 6 && later.length > 0 && undelivered === 0,
    };
  } finally {
    await stage.close();
    await provider.close();
    await postgres.stop();
  }
}

/** Answers 503 after a while, and 204 at once when it is well. */
async function openUnwellProvider() {
  let isWell = false;
  const calls: Call[] = [];
  const waiting = new Set<{ readonly isDone: () => boolean; readonly resolve: () => void }>();
  const server = createServer((request, response) => {
    request.resume();
    if (isWell) {
      response.writeHead(204).end();
      return;
    }
    const call = { node: request.url?.slice(1) ?? '', from: performance.now(), until: Number.POSITIVE_INFINITY };
    calls.push(call);
    for (const waiter of waiting) if (waiter.isDone()) waiter.resolve();
    setTimeout(() => response.writeHead(503).end(), PROBE_MS);
    response.on('close', () => {
      call.until = performance.now();
    });
  });
  const until = (isDone: () => boolean) =>
    isDone() ? Promise.resolve() : new Promise<void>((resolve) => waiting.add({ isDone, resolve }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the provider listens on no address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    untilCalls: (count: number) => until(() => calls.length >= count),
    untilProbe: (at: number) => until(() => calls.some(({ from }) => from >= at)),
    heal() {
      isWell = true;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const mostAtOnce = (calls: readonly Call[]): number =>
  Math.max(0, ...calls.map(({ from }) => calls.filter((other) => other.from <= from && other.until > from).length));
