import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay } from '../support/delay.ts';
import { botIdOf, type HookStage, openHookStage, pathOf } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import type { Fault, Finding } from './fault.ts';

const PATIENT = fileURLToPath(new URL('../support/lenient-server.ts', import.meta.url));

export const slowClients: Fault = {
  id: 'F24',
  title: 'slow and silent clients',
  run: () => crawl({ sockets: 1_000, patienceMs: 45_000 }),
  control: () => crawl({ sockets: 30, patienceMs: 45_000, script: PATIENT }),
};

interface CrawlOptions {
  readonly sockets: number;
  readonly patienceMs: number;
  readonly script?: string;
}

/** A third trickle their headers, a third their bodies, and a third a body for which they have no token. */
export async function crawl({ sockets, patienceMs, script }: CrawlOptions): Promise<Finding> {
  const stage = await openHookStage({ bots: ['ann'] });
  const slow: Socket[] = [];
  try {
    const database = `sqlite:${join(stage.folder, 'beckon.db')}`;
    const server = await stage.start(['--database', database, '--log-level', 'warn'], script);
    await callsOf(stage, server.url, 100);
    const base = await callsOf(stage, server.url, 300);
    const { port } = new URL(server.url);
    const startedAt = performance.now();
    const cutMs = { headers: 0, body: 0, anonymous: 0 };
    const left = { headers: 0, body: 0, anonymous: 0 };
    const kinds = ['headers', 'body', 'anonymous'] as const;
    for (let index = 0; index < sockets; index += 1) {
      const kind = kinds[index % 3] ?? 'headers';
      left[kind] += 1;
      const socket = crawlOne(Number(port), kind, stage.token);
      const openedAt = performance.now();
      socket.once('close', () => {
        left[kind] -= 1;
        cutMs[kind] = Math.max(cutMs[kind], performance.now() - openedAt);
      });
      slow.push(socket);
      if (index % 50 === 0) await delay(5);
    }
    const beside = await callsOf(stage, server.url, 300);
    const isOver = () => left.headers + left.body + left.anonymous === 0;
    while (!isOver() && performance.now() - startedAt < patienceMs) await delay(200);
    const [baseP99, p99] = [percentile(base, 0.99), percentile(beside, 0.99)];
    const words = kinds.map((kind) => `${kind} ${(cutMs[kind] / 1_000).toFixed(1)} s (${left[kind]} never)`);
    return {
      figure: `${sockets} sockets, cut after: ${words.join(', ')}; good callers' p99 ${Math.round(p99)} ms, ${Math.round(baseP99)} ms alone`,
      bar: "headers cut ≤ 13 s, bodies ≤ 33 s, without a token ≤ 13 s, good callers' p99 ≤ 2 × (or ≤ 100 ms)",
      ok:
        isOver() &&
        cutMs.headers <= 13_000 &&
        cutMs.body <= 33_000 &&
        cutMs.anonymous <= 13_000 &&
        p99 <= Math.max(2 * baseP99, 100),
    };
  } finally {
    for (const socket of slow) socket.destroy();
    await stage.close();
  }
}

async function callsOf(stage: HookStage, url: string, count: number): Promise<number[]> {
  const durations: number[] = [];
  for (let call = 0; call < count; call += 1) {
    const { id, status, durationMs } = await stage.send(url, { bot: 'ann', text: 'good', people: 1 });
    if (id === null) throw new Error(`a good caller was answered ${status}`);
    durations.push(durationMs);
  }
  return durations;
}

/** One byte every half second, for as long as the server lets it. */
function crawlOne(port: number, kind: 'headers' | 'body' | 'anonymous', token: string): Socket {
  const socket = connect(port, '127.0.0.1');
  const auth = kind === 'anonymous' ? '' : `auth: ${token}\r\n`;
  const head = `POST ${pathOf({ bot: 'ann' })} HTTP/1.1\r\nHost: beckon\r\n`;
  socket.write(
    kind === 'headers'
      ? head
      : `${head}${auth}content-type: application/json\r\ncontent-length: 9000\r\n\r\n{"botId":"${botIdOf('ann')}`,
  );
  const trickle = setInterval(() => socket.write('x'), 500);
  socket.on('error', () => {});
  socket.once('close', () => clearInterval(trickle));
  socket.resume();
  return socket;
}
