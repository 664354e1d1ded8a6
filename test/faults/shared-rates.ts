import { fileURLToPath } from 'node:url';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { startPostgres } from '../support/postgres.ts';
import { openRehearsal } from '../support/rehearsal.ts';
import { between } from '../support/seed.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

export const sharedRates: Fault = {
  id: 'F21',
  title: "an account's rate over 3 nodes, one stopped for a while and one killed",
  isPatient: true,
  run: (parts) => spendTogether({ people: 250, notifications: 4, breaks: true }, parts),
  control: (parts) => spendTogether({ people: 100, notifications: 3, breaks: false, script: GREEDY }, parts),
};

const GREEDY = fileURLToPath(new URL('../support/greedy-server.ts', import.meta.url));
const NODES = 3;
/** Teams: so many calls of one app in a tenant, in any second. */
const ALLOWED = 30;
/** What one bot may send to one conversation. */
const CONVERSATION = [
  { calls: 7, ms: 1_000 },
  { calls: 8, ms: 2_000 },
  { calls: 60, ms: 30_000 },
] as const;
/** While there is a backlog. */
const USED_AT_LEAST = 0.9;
/** What of two nodes cannot be used: a part is given up after three seconds of silence. */
export const LOST_BY_BREAKS = (2 * 3_000 * ALLOWED) / NODES / 1_000;

interface SpendOptions {
  readonly people: number;
  readonly notifications: number;
  readonly breaks: boolean;
  /** 0 where nothing may depend on the machine's speed. */
  readonly leastUsed?: number;
  readonly script?: string;
}

interface Call {
  readonly at: number;
  readonly recipient: string | null;
}

/** Everybody is told several things at once; what the provider counted is read from its ledger, in every window. */
export async function spendTogether(options: SpendOptions, { random }: FaultParts): Promise<Finding> {
  const { people, notifications, breaks, leastUsed = USED_AT_LEAST, script } = options;
  const postgres = await startPostgres();
  // A simulator that refuses what is too much would have nothing of it in its ledger.
  const rehearsal = await openRehearsal({ limits: 'off', perSecond: null });
  try {
    const database = await postgres.createDatabase();
    const args = ['--database', database, '--lease-ms', '6000'];
    const start = () => rehearsal.start(args, script);
    const nodes: BeckonProcess[] = await Promise.all(Array.from({ length: NODES }, start));
    const [first] = nodes;
    await rehearsal.importPeople(first?.url ?? '', people);
    for (let call = 0; call < notifications; call += 1) {
      await rehearsal.notify(first?.url ?? '', people, `call ${call}`);
    }
    if (breaks) await breakNodes(nodes, start, random);
    const { undelivered, detail } = await untilAllOver(database);
    const calls = rehearsal.sandbox.ledger.entries({ provider: 'teams' });
    const times = calls.map(({ at }) => at).sort((one, other) => one - other);
    const most = mostWithin(1_000, times);
    const tooOften = CONVERSATION.filter((window) => mostOfOne(window.ms, calls) > window.calls).length;
    // A lease of the dead has to run out before its last few can be sent: what counts is the time with a backlog.
    const [begin = 0, end = 0] = [times[0], times[Math.floor(times.length * 0.9)]];
    const allowed = ((end - begin) / 1_000) * ALLOWED;
    const share = (times.length * 0.9) / allowed;
    const used = (times.length * 0.9) / (allowed - (breaks ? LOST_BY_BREAKS : 0));
    return {
      figure: `${calls.length} calls: at most ${most} within a second, ${tooOften} windows of a conversation exceeded; ${Math.round(100 * share)} % of what is allowed was used, ${Math.round(100 * used)} % of what the living might; ${undelivered} not delivered ${detail}`,
      bar: `≤ ${ALLOWED}, 0 exceeded, ≥ ${100 * leastUsed} % used by the living, all delivered`,
      ok: most <= ALLOWED && tooOften === 0 && used >= leastUsed && undelivered === 0,
    };
  } finally {
    await rehearsal.close();
    await postgres.stop();
  }
}

export async function breakNodes(nodes: BeckonProcess[], start: () => Promise<BeckonProcess>, random: () => number) {
  await delay(between(random, 3_000, 5_000));
  nodes[1]?.signal('SIGSTOP');
  await delay(4_000);
  nodes[1]?.signal('SIGCONT');
  await delay(between(random, 2_000, 4_000));
  await nodes[2]?.kill();
  nodes[2] = await start();
}

export interface Window {
  readonly calls: number;
  readonly ms: number;
}

/** Of times in order. */
export function mostWithin(ms: number, times: readonly number[]): number {
  let [most, from] = [0, 0];
  for (const [index, at] of times.entries()) {
    while ((times[from] ?? at) <= at - ms) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

const mostOfOne = (ms: number, calls: readonly Call[]): number =>
  Math.max(
    ...[...Map.groupBy(calls, ({ recipient }) => recipient).values()].map((group) =>
      mostWithin(
        ms,
        group.map(({ at }) => at).sort((one, other) => one - other),
      ),
    ),
  );
