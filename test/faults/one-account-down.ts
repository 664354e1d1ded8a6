import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { delay } from '../support/delay.ts';
import { type HookStage, openHookStage } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import { between, seededRandom } from '../support/seed.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

/** Through a server whose accounts at one host share the connections of one. */
const CRAMPED = fileURLToPath(new URL('../support/cramped-server.ts', import.meta.url));

export const oneAccountDown: Fault = {
  id: 'F19',
  title: 'one of 50 accounts at one host never answers, the others beside it',
  isTimed: true,
  isControlTimed: true,
  run: (parts) => takeOneDown({ accounts: 50, rounds: 12, upMs: 2_000, downMs: 2_000 }, parts),
  control: (parts) => takeOneDown({ accounts: 50, rounds: 1, upMs: 2_000, downMs: 6_000, script: CRAMPED }, parts),
};

interface DownOptions {
  readonly accounts: number;
  /**
   * Each is a time when all are up and one when one is down, now this first and now that, with the same calls at the
   * same times: they are compared side by side.
   */
  readonly rounds: number;
  readonly upMs: number;
  readonly downMs: number;
  /** False: what is counted decides, and times are only told. */
  readonly isTimed?: boolean;
  readonly script?: string;
}

const PEOPLE = 10;
const SICK = 'account-0';

/** Every account is sent a little, again and again; one stops answering in between. */
export async function takeOneDown(options: DownOptions, { seed }: FaultParts): Promise<Finding> {
  const { accounts, rounds, upMs, downMs, isTimed = true, script } = options;
  const bots = Array.from({ length: accounts }, (_, index) => `account-${index}`);
  const provider = await startProvider(isTimed ? PATIENCE_MS : LONG_PATIENCE_MS);
  const urls = Object.fromEntries(bots.map((bot) => [bot, `${provider.url}/${bot}`]));
  const stage = await openHookStage({ bots, urls });
  try {
    const { url } = await stage.start(['--database', 'sqlite::memory:', '--log-level', 'error'], script);
    const around = async (forMs: number, round: number) => {
      const phase: Phase = { waits: [], missing: 0, lastedMs: 0 };
      await sendAround({ stage, url, bots, provider, seed: seed + round * accounts, forMs, phase });
      return phase;
    };
    const down = async (round: number) => {
      provider.takeDown();
      const phase = await around(downMs, round);
      await provider.bringUp();
      return phase;
    };
    await around(1_000, 0);
    const pairs: Pair[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      if (round % 2 === 1) pairs.push({ up: await around(upMs, round), down: await down(round) });
      else pairs.push({ down: await down(round), up: await around(upMs, round) });
    }
    // Of neighbours in time, and the middle of them: whatever else this machine does has little part in it.
    const slower = middleOf(pairs.map(({ up, down }) => p99Of(down) / p99Of(up)));
    const share = middleOf(pairs.map(({ up, down }) => rateOf(down) / rateOf(up)));
    const upMiddle = (of: (phase: Phase) => number) => Math.round(middleOf(pairs.map(({ up }) => of(up))));
    const downMiddle = (of: (phase: Phase) => number) => Math.round(middleOf(pairs.map(({ down }) => of(down))));
    const missing = pairs.reduce((sum, { up, down }) => sum + up.missing + down.missing, 0);
    return {
      figure: `${accounts} accounts at one host, one with ${provider.mostHung()} calls that hang: the others' p99 ${upMiddle(p99Of)} → ${downMiddle(p99Of)} ms (${slower.toFixed(2)} ×), ${upMiddle(rateOf)} → ${downMiddle(rateOf)} messages/s (${Math.round(100 * share)} %; medians of ${rounds}), ${missing} not there in time, ${provider.doubled()} doubled`,
      bar: `0 not there, 0 doubled${isTimed ? ', p99 ≤ 1.2 ×, throughput ≥ 95 %' : ''}`,
      ok: missing === 0 && provider.doubled() === 0 && (!isTimed || (slower <= 1.2 && share >= 0.95)),
    };
  } finally {
    await stage.close();
    provider.close();
  }
}

interface Phase {
  /** From the call until the provider had it; of every message to an account that is well. */
  readonly waits: number[];
  missing: number;
  lastedMs: number;
}

interface Pair {
  readonly up: Phase;
  readonly down: Phase;
}

const p99Of = ({ waits }: Phase): number => percentile(waits, 0.99);
const rateOf = ({ waits, lastedMs }: Phase): number => (1_000 * waits.length) / lastedMs;
const middleOf = (values: readonly number[]): number => percentile(values, 0.5);

interface Around {
  readonly stage: HookStage;
  readonly url: string;
  readonly bots: readonly string[];
  readonly provider: Provider;
  readonly seed: number;
  readonly forMs: number;
  readonly phase: Phase;
}

/** Each account by itself: a notification, all of it delivered, a rest, and again. Nobody waits for the one that is sick. */
async function sendAround({ stage, url, bots, provider, seed, forMs, phase }: Around): Promise<void> {
  const startedAt = performance.now();
  const keepSending = async (bot: string, index: number) => {
    const random = seededRandom(seed + index);
    const rest = () => delay(between(random, 200, 1_000));
    await rest();
    for (; performance.now() - startedAt < forMs; await rest()) {
      const calledAt = performance.now();
      const { id, status, error } = await stage.send(url, { bot, text: 'around', people: PEOPLE });
      if (id === null) throw new Error(`a message was not accepted: ${status ?? error}`);
      if (bot === SICK) continue;
      const arrivals = await provider.arrivals(bot, PEOPLE);
      phase.waits.push(...arrivals.map((at) => at - calledAt));
      phase.missing += PEOPLE - arrivals.length;
    }
  };
  await Promise.all(bots.map(keepSending));
  phase.lastedMs += performance.now() - startedAt;
}

type Provider = Awaited<ReturnType<typeof startProvider>>;

/** Nobody who is well may have to wait until calls that hang are given up. */
const PATIENCE_MS = 8_000;
/** Where times do not decide. */
const LONG_PATIENCE_MS = 30_000;

/** Keeps the times of what came to each account until somebody asks for them, and who came twice. */
async function startProvider(patienceMs: number) {
  const seen = new Set<string>();
  const arrived = new Map<string, { times: number[]; awaited: (() => void) | null }>();
  const hung = new Set<ServerResponse>();
  let [isDown, doubled, mostHung] = [false, 0, 0];
  const accountOf = (bot: string) => {
    const account = arrived.get(bot) ?? { times: [], awaited: null };
    arrived.set(bot, account);
    return account;
  };
  const server = createServer((request, response) => {
    const bot = request.url?.slice(1) ?? '';
    request.resume();
    if (isDown && bot === SICK) {
      hung.add(response);
      mostHung = Math.max(mostHung, hung.size);
      response.once('close', () => hung.delete(response));
      return;
    }
    const key = String(request.headers['webhook-id']);
    if (seen.has(key) && bot !== SICK) doubled += 1;
    seen.add(key);
    const account = accountOf(bot);
    account.times.push(performance.now());
    if (account.times.length >= PEOPLE) account.awaited?.();
    request.once('end', () => response.writeHead(200).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    doubled: () => doubled,
    mostHung: () => mostHung,
    /** When each came; fewer than that if they do not come for too long. */
    async arrivals(bot: string, count: number): Promise<number[]> {
      const account = accountOf(bot);
      if (account.times.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        account.awaited = resolve;
        const patience = setTimeout(resolve, patienceMs);
        await promise;
        clearTimeout(patience);
        account.awaited = null;
      }
      return account.times.splice(0, count);
    },
    takeDown() {
      isDown = true;
    },
    /** Resolves when what was kept waiting has been answered. */
    async bringUp() {
      isDown = false;
      for (const response of hung) response.writeHead(200).end();
      hung.clear();
      await delay(500);
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
