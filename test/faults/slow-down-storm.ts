import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseRetryAfter } from '../../src/channels/retry-after.ts';
import { delay } from '../support/delay.ts';
import { openEngineRig } from '../support/engine-rig.ts';
import { botIdOf, openHookStage } from '../support/hook-stage.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

/** Through a server that goes on as before, whatever it is asked. */
const IMPATIENT = fileURLToPath(new URL('../support/impatient-server.ts', import.meta.url));

export const slowDownStorm: Fault = {
  id: 'F17',
  title: 'a storm of 429, at first for half of the calls, then for all',
  run: (parts) => stormForReal({ halfMs: 8_000, allMs: 12_000 }, parts),
  control: (parts) => stormForReal({ halfMs: 1_000, allMs: 2_000, script: IMPATIENT }, parts),
};

/** What a provider says beside its 429, and how long that obliges us to stay away; null: as long as we think right. */
const WISHES: readonly (readonly [name: string, header: (now: number) => string | undefined, ms: number | null])[] = [
  ['nothing', () => undefined, null],
  ['0', () => '0', null],
  ['5', () => '5', 5_000],
  ['1e99', () => '1e99', null],
  ['-1', () => '-1', null],
  // In whole seconds, and our clock is a moment ahead when we read it.
  ['a date in 3 s', (now) => new Date(now + 3_999).toUTCString(), 2_900],
  ['a date gone by', (now) => new Date(now - 60_000).toUTCString(), null],
];

/** Who says nothing of use is left alone for a second at least. */
const OWN_PAUSE_MS = 1_000;

const HALF_MS = 10_000;
const ALL_MS = 60_000;
const LATENCY_MS = 20;
const PER_SECOND = 50;
const CONCURRENCY = 8;

/**
 * Two bots on one account, by a clock that moves when told: half of the calls are answered 429 for ten seconds, all of
 * them for a minute, and then none. Every call is known to the millisecond.
 */
export async function stormByTheClock({ random }: Pick<FaultParts, 'random'>): Promise<Finding> {
  const sums = { during: 0, afterPauses: 0, pauses: 0, most: 0, spent: 0, missing: 0 };
  const worst: string[] = [];
  for (const perSecond of [PER_SECOND, null]) {
    for (const wish of WISHES) {
      const seen = await storm({ perSecond, wish, random });
      if (seen.during > 0 || seen.probes > seen.pauses) {
        worst.push(
          `${wish[0]}${perSecond === null ? '' : ` at ${perSecond}/s`}: ${seen.during} during, ${seen.probes} for ${seen.pauses}`,
        );
      }
      sums.during += seen.during;
      sums.afterPauses += seen.probes;
      sums.pauses += seen.pauses;
      sums.most = Math.max(sums.most, seen.most);
      sums.spent += seen.spent;
      sums.missing += seen.missing;
    }
  }
  const { during, afterPauses, pauses, most, spent, missing } = sums;
  return {
    figure: `${2 * WISHES.length} accounts: ${during} calls during pauses, ${afterPauses} probes for ${pauses} pauses, at most ${most} calls in a second of the ${PER_SECOND}/s, ${spent} attempts spent, ${missing} not delivered ${worst.slice(0, 8).join('; ')}`,
    bar: '0 during pauses, ≤ 1 probe for each, ≤ 52 in a second, 0 spent, 0 not delivered',
    ok: during === 0 && afterPauses <= pauses && most <= PER_SECOND * 1.05 && spent === 0 && missing === 0,
  };
}

interface StormOptions {
  readonly perSecond: number | null;
  readonly wish: (typeof WISHES)[number];
  readonly random: FaultParts['random'];
}

async function storm({ perSecond, wish: [, header, ms], random }: StormOptions) {
  let stage: 'half' | 'all' | 'none' = 'half';
  let pausedUntil = 0;
  const seen = { during: 0, probes: 0, pauses: 0, most: 0, spent: 0, missing: 0 };
  const rig = await openEngineRig({
    bots: 2,
    perSecond: perSecond ?? 0,
    concurrency: CONCURRENCY,
    channel: { account: () => 'one' },
    async send() {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (rig.clock.now() < pausedUntil) seen.during += 1;
      const isProbe = stage === 'all' && rig.clock.now() >= pausedUntil && pausedUntil > 0;
      rig.clock.after(LATENCY_MS, resolve);
      await promise;
      // One that is answered when nobody is refused any more ends the storm, and no pause comes of it.
      if (isProbe && stage === 'all') seen.probes += 1;
      const now = rig.clock.now();
      if (stage === 'none' || (stage === 'half' && random() < 0.5))
        return { kind: 'accepted', providerMessageId: null };
      if (now >= pausedUntil) {
        pausedUntil = now + (ms ?? OWN_PAUSE_MS);
        if (stage === 'all') seen.pauses += 1;
      }
      const retryAfterMs = parseRetryAfter(header(now), now);
      return { kind: 'busy', scope: 'connection', retryAfterMs, detail: 'HTTP 429' };
    },
  });
  try {
    await rig.engine.start();
    const people = Array.from({ length: 250 }, (_, index) => `p${index}@x.org`);
    const ids = await Promise.all(rig.bots.map((bot) => rig.accept(bot, people, { resolve: false })));
    await rig.clock.advance(HALF_MS);
    stage = 'all';
    await rig.clock.advance(ALL_MS);
    stage = 'none';
    const healedAt = rig.clock.now();
    await rig.clock.advance(120_000);
    const logs = (await Promise.all(rig.bots.map((bot, index) => rig.logs(bot, ids[index] ?? '')))).flat();
    seen.missing = 2 * people.length - logs.filter(({ state }) => state === 'delivered').length;
    seen.spent = logs.filter(({ attempts }) => attempts !== 1).length;
    if (perSecond !== null) seen.most = mostWithinASecond(rig.sends.map(({ at }) => at).filter((at) => at >= healedAt));
    return seen;
  } finally {
    await rig.close();
  }
}

/** `times` ascend. */
export function mostWithinASecond(times: readonly number[]): number {
  let [most, first] = [0, 0];
  for (let last = 0; last < times.length; last += 1) {
    while ((times[last] ?? 0) - (times[first] ?? 0) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

interface RealOptions {
  /** How long half of the calls are refused, and then all. */
  readonly halfMs: number;
  readonly allMs: number;
  readonly script?: string;
}

interface Provider {
  readonly bot: string;
  readonly perSecond: number;
  readonly wish: (typeof WISHES)[number];
  /** When its calls came; of a refused one, until when its answer asked to be left alone. */
  readonly calls: { readonly at: number; readonly until: number | null }[];
}

const PEOPLE = 300;

/** The same through a server, each account with a provider of its own; every wish at a rate and without one. */
async function stormForReal({ halfMs, allMs, script }: RealOptions, { random }: FaultParts): Promise<Finding> {
  const providers = WISHES.flatMap((wish, index): Provider[] => [
    { bot: `rated-${index}`, perSecond: PER_SECOND, wish, calls: [] },
    { bot: `free-${index}`, perSecond: 0, wish, calls: [] },
  ]);
  let refused = 0.5;
  const server = createServer((request, response) => {
    const provider = providers.find(({ bot }) => request.url === `/${bot}`);
    if (provider === undefined) throw new Error(`nobody is at ${request.url}`);
    const { calls, wish } = provider;
    const [, header, ms] = wish;
    const now = Date.now();
    const isRefused = random() < refused;
    calls.push({ at: now, until: isRefused ? now + (ms ?? OWN_PAUSE_MS) : null });
    const wished = isRefused ? header(now) : undefined;
    request.resume().once('end', () => {
      response.writeHead(isRefused ? 429 : 200, wished === undefined ? {} : { 'retry-after': wished }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const bots = providers.map(({ bot }) => bot);
  const stage = await openHookStage({
    bots,
    concurrency: CONCURRENCY,
    urls: Object.fromEntries(bots.map((bot) => [bot, `${base}/${bot}`])),
    perSecond: Object.fromEntries(providers.map(({ bot, perSecond }) => [bot, perSecond])),
  });
  try {
    const { url } = await stage.start(['--database', 'sqlite::memory:', '--log-level', 'error'], script);
    const ids = await Promise.all(
      bots.map(async (bot) => (await stage.send(url, { bot, text: 'storm', people: PEOPLE })).id ?? ''),
    );
    await delay(halfMs);
    refused = 1;
    await delay(allMs);
    refused = 0;
    const healedAt = Date.now();
    const servedOf = ({ calls }: Provider) => calls.filter(({ until }) => until === null).length;
    const attemptsOf = async (bot: string, index: number): Promise<number[]> => {
      const page = `${url}/api/v1/bots/${botIdOf(bot)}/notifications/${ids[index]}/recipients?limit=500`;
      const response = await fetch(page, { headers: { auth: stage.token } });
      const { recipients } = (await response.json()) as { readonly recipients: readonly { attempts: number }[] };
      return recipients.map((recipient) => recipient.attempts);
    };
    const everybody = providers.length * PEOPLE;
    const waitUntil = performance.now() + (script === undefined ? 60_000 : 2_000);
    let attempts: readonly number[] = [];
    while (attempts.length < everybody && performance.now() < waitUntil) {
      await delay(500);
      attempts = (await Promise.all(bots.map(attemptsOf))).flat();
    }
    const seen = providers.map((provider) => judgeCalls(provider, healedAt));
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const [during, pauses] = [sum(seen.map((one) => one.during)), sum(seen.map((one) => one.pauses))];
    const most = Math.max(...seen.map((one) => one.most));
    const spent = sum(attempts.filter((count) => count !== 1));
    const missing = sum(providers.map((provider) => PEOPLE - servedOf(provider)));
    const unrecorded = everybody - attempts.length;
    return {
      figure: `${providers.length} accounts, ${halfMs / 1_000} s of half and ${allMs / 1_000} s of all refused: ${during} calls during ${pauses} pauses, afterwards ≤ ${most} calls in a second of the ${PER_SECOND}/s, ${spent} attempts spent, ${missing} not served, ${unrecorded} not over`,
      bar: `0 during pauses, but for those on their way, ≤ ${PER_SECOND * 1.05} in a second, 0 spent, 0 not served`,
      ok: during === 0 && most <= PER_SECOND * 1.05 && spent === 0 && missing + unrecorded === 0,
    };
  } finally {
    await stage.close();
    server.closeAllConnections();
    server.close();
  }
}

/**
 * What a provider can tell of its own calls. Those that were on their way when a refusal went out are no fault of ours;
 * but only where calls went well before it, for otherwise it was the answer to a probe, and nothing is beside a probe.
 */
function judgeCalls({ calls, perSecond }: Provider, healedAt: number) {
  const seen = { during: 0, pauses: 0, most: 0 };
  let [pausedUntil, onTheirWay, isFlowing] = [0, 0, true];
  for (const { at, until } of calls) {
    if (at < pausedUntil) {
      if (onTheirWay === 0) seen.during += 1;
      else onTheirWay -= 1;
    } else if (until === null) isFlowing = true;
    else {
      seen.pauses += 1;
      pausedUntil = until;
      onTheirWay = isFlowing ? CONCURRENCY - 1 : 0;
      isFlowing = false;
    }
  }
  if (perSecond > 0) seen.most = mostWithinASecond(calls.map(({ at }) => at).filter((at) => at >= healedAt));
  return seen;
}
