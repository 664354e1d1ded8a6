import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay } from '../support/delay.ts';
import { startRefuser } from '../support/flood.ts';
import { botIdOf, type HookStage, openHookStage, pathOf } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import { residentMb } from '../support/resident-memory.ts';
import type { Fault, Finding } from './fault.ts';

const LENIENT = fileURLToPath(new URL('../support/lenient-server.ts', import.meta.url));
export const HURRIED = fileURLToPath(new URL('../support/hurried-server.ts', import.meta.url));

export const slowClients: Fault = {
  id: 'F24',
  title: 'slow and silent clients',
  isTimed: true,
  run: () => crawl({ sockets: 2_000, patienceMs: 30_000, goodCalls: 500 }),
  control: () => crawl({ sockets: 40, patienceMs: 15_000, goodCalls: 100, script: LENIENT }),
};

export interface CrawlOptions {
  readonly sockets: number;
  readonly patienceMs: number;
  readonly goodCalls: number;
  readonly script?: string;
}

const KINDS = ['headers', 'body', 'anonymous', 'silent'] as const;
type Kind = (typeof KINDS)[number];
const BAR_MS = 10_000;

/** A quarter trickles headers, a quarter bodies, a quarter bodies for which they have no token, and a quarter nothing. */
async function crawl(options: CrawlOptions): Promise<Finding> {
  const { cutMs, never, alone, beside, baseMb, grownMb } = await measureCrawl(options);
  const [aloneP99, besideP99] = [percentile(alone, 0.99), percentile(beside, 0.99)];
  const words = KINDS.map((kind) => `${kind} ${(cutMs[kind] / 1_000).toFixed(1)} s (${never[kind]} never)`);
  return {
    figure:
      `${options.sockets} sockets, cut after: ${words.join(', ')}; good callers' p99 ${Math.round(besideP99)} ms, ` +
      `${Math.round(aloneP99)} ms with as many at another server; ${baseMb} + ${grownMb} MB`,
    bar: "all cut ≤ 10 s, good callers' p99 ≤ 2 × (or ≤ 100 ms), ≤ 50 % more memory",
    ok:
      KINDS.every((kind) => never[kind] === 0 && cutMs[kind] <= BAR_MS) &&
      besideP99 <= Math.max(2 * aloneP99, 100) &&
      grownMb <= 0.5 * baseMb,
  };
}

/** For `npm test`: whether they are cut at all and good callers served; the server's patience is shorter. */
export async function crawlInShort(options: CrawlOptions): Promise<Finding> {
  const { never, beside } = await measureCrawl(options);
  const left = KINDS.reduce((sum, kind) => sum + never[kind], 0);
  return {
    figure: `${left} of ${options.sockets} slow sockets never cut, ${beside.length} good calls accepted meanwhile`,
    bar: 'all cut, all good calls accepted',
    ok: left === 0,
  };
}

async function measureCrawl({ sockets, patienceMs, goodCalls, script }: CrawlOptions) {
  const stage = await openHookStage({ bots: ['ann'] });
  const refuser = await startRefuser();
  try {
    const database = `sqlite:${join(stage.folder, 'beckon.db')}`;
    const server = await stage.start(['--database', database, '--log-level', 'warn'], script);
    await callOften(stage, server.url, goodCalls / 2);
    // The crawlers cost this process something, wherever they crawl.
    const elsewhere = await openCrawlers(refuser.port, sockets, stage.token);
    const alone = await callOften(stage, server.url, goodCalls);
    elsewhere.close();
    const baseMb = residentMb(server.pid);
    const crawlers = await openCrawlers(Number(new URL(server.url).port), sockets, stage.token);
    const beside = await callOften(stage, server.url, goodCalls);
    const grownMb = residentMb(server.pid) - baseMb;
    const givenUpAt = performance.now() + patienceMs;
    while (!crawlers.isOver() && performance.now() < givenUpAt) await delay(50);
    crawlers.close();
    return { cutMs: crawlers.cutMs, never: crawlers.left, alone, beside, baseMb, grownMb };
  } finally {
    refuser.stop();
    await stage.close();
  }
}

/** Throws when one is not accepted. */
async function callOften(stage: HookStage, url: string, count: number): Promise<number[]> {
  const durations: number[] = [];
  for (let call = 0; call < count; call += 1) {
    const { id, status, durationMs } = await stage.send(url, { bot: 'ann', text: 'good', people: 1 });
    if (id === null) throw new Error(`a good caller was answered ${status}`);
    durations.push(durationMs);
  }
  return durations;
}

async function openCrawlers(port: number, count: number, token: string) {
  const cutMs: Record<Kind, number> = { headers: 0, body: 0, anonymous: 0, silent: 0 };
  const left: Record<Kind, number> = { headers: 0, body: 0, anonymous: 0, silent: 0 };
  const sockets: Socket[] = [];
  let isClosing = false;
  for (let index = 0; index < count; index += 1) {
    const kind = KINDS[index % KINDS.length] ?? 'silent';
    left[kind] += 1;
    const socket = crawlOne(port, kind, token);
    const openedAt = performance.now();
    socket.once('close', () => {
      if (isClosing) return;
      left[kind] -= 1;
      cutMs[kind] = Math.max(cutMs[kind], performance.now() - openedAt);
    });
    sockets.push(socket);
    if (index % 50 === 0) await delay(5);
  }
  return {
    cutMs,
    left,
    isOver: () => KINDS.every((kind) => left[kind] === 0),
    close() {
      isClosing = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** One byte every half second, for as long as the server lets it. */
function crawlOne(port: number, kind: Kind, token: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  if (kind === 'silent') return socket;
  const auth = kind === 'anonymous' ? '' : `auth: ${token}\r\n`;
  const head = `POST ${pathOf({ bot: 'ann' })} HTTP/1.1\r\nHost: beckon\r\n`;
  socket.write(
    kind === 'headers'
      ? head
      : `${head}${auth}content-type: application/json\r\ncontent-length: 9000\r\n\r\n{"botId":"${botIdOf('ann')}`,
  );
  const trickle = setInterval(() => socket.write('x'), 500);
  socket.once('close', () => clearInterval(trickle));
  return socket;
}
