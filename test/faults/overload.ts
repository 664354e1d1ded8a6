import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BeckonProcess } from '../support/beckon.ts';
import type { Aimed, FloodAim } from '../support/call-flood.ts';
import { delay } from '../support/delay.ts';
import { cpuSeconds, floodWith, requestOf, startRefuser } from '../support/flood.ts';
import { type HookStage, openHookStage } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import { startPostgres } from '../support/postgres.ts';
import { residentMb } from '../support/resident-memory.ts';
import type { Fault, Finding } from './fault.ts';

const WELCOMING = fileURLToPath(new URL('../support/welcoming-server.ts', import.meta.url));

export const overload: Fault = {
  id: 'F23',
  title: 'ten times as many calls as can be served, SQLite',
  isTimed: true,
  run: () => overrun(TEN_TIMES),
  control: () => overrun(WELCOMED),
};

export const overloadOnPostgres: Fault = {
  id: 'F23',
  title: 'ten times as many calls as can be served, PostgreSQL',
  isTimed: true,
  run: () => withPostgres((database) => overrun({ ...TEN_TIMES, database })),
  control: () => withPostgres((database) => overrun({ ...WELCOMED, database })),
};

export interface OverloadOptions {
  /** Connections that calls come over. The server takes 100 calls at once. */
  readonly callers: number;
  /** So many times what the server was found to take; null: each caller calls again as soon as it has its answer. */
  readonly times: number | null;
  /** Alone, at first. */
  readonly warmUpMs: number;
  readonly rounds: number;
  readonly roundMs: number;
  /** Null: SQLite. */
  readonly database?: string;
  readonly script?: string;
}

/**
 * A minute and a half in all, rests included: nobody is served differently in the second minute. A young process takes
 * more and more memory for the first half minute, whatever it is asked: its garbage is not collected before.
 */
const TEN_TIMES = { callers: 1_024, times: 10, warmUpMs: 30_000, rounds: 5, roundMs: 4_000 };

const WELCOMED = { ...TEN_TIMES, warmUpMs: 8_000, rounds: 1, script: WELCOMING };

/** Callers who each wait for their answer, while the capacity is measured. */
const CALLERS = 64;
const CALL = { bot: 'ann', text: 'overload', people: 1 };

/** What happened, with nothing in it that depends on the speed of the machine. */
export interface Overrun {
  readonly alone: Round;
  readonly overrun: Round;
  /** Of the barest server there can be, asked as often as refusals were given, while the capacity was measured. */
  readonly bare: Aimed;
  /** The most that the server took while it was warmed up. */
  readonly baseMb: number;
  readonly grownMb: number;
  /** Lines of the log about refusals. */
  readonly lines: number;
  readonly accepted: number;
  readonly delivered: number;
}

/**
 * Rounds alone and overrun by turns, since the machine has other work. Callers, provider and server share it: so alone,
 * the callers make as many calls as before, and those on top go to another process that does nothing but refuse.
 */
export async function measureOverrun({
  callers,
  times,
  warmUpMs,
  rounds,
  roundMs,
  database,
  script,
}: OverloadOptions): Promise<Overrun> {
  const stage = await openHookStage({ bots: ['ann'] });
  const refuser = await startRefuser();
  try {
    const url = database ?? `sqlite:${join(stage.folder, 'beckon.db')}`;
    const server = await stage.start(['--database', url, '--log-level', 'warn'], script);
    const call = callsTo(server);
    const aim = { request: requestOf(CALL, stage.token), connections: callers, perSecond: null };
    const atServer = { ...aim, port: portOf(server) };
    const total: Round[] = [];
    const young = watchMemory(server.pid);
    for (let warmMs = 0; warmMs < warmUpMs; warmMs += roundMs) {
      total.push(await call([{ ...atServer, connections: CALLERS }], roundMs));
    }
    const baseMb = young.stop();
    const memory = watchMemory(server.pid);
    const [alone, overrun, bare]: [Round[], Round[], Aimed[]] = [[], [], []];
    for (let round = 0; round < rounds; round += 1) {
      const capacity = perSecond(addUp(alone.length === 0 ? total.slice(-1) : alone));
      const over = await call([{ ...atServer, perSecond: times === null ? null : times * capacity }], roundMs);
      const divert = { ...aim, port: refuser.port, perSecond: Math.max(1, Math.round(refusedPerSecond(over))) };
      const base = await call([{ ...atServer, connections: CALLERS }, divert], roundMs);
      overrun.push(over);
      alone.push(base);
      bare.push(...base.others);
      total.push(over, base);
    }
    const grownMb = memory.stop() - baseMb;
    const accepted = total.reduce((sum, round) => sum + round.accepted, 0);
    return {
      alone: addUp(alone),
      overrun: addUp(overrun),
      bare: addAimed(bare),
      baseMb,
      grownMb,
      lines: server.lines.filter((line) => line.includes('requests refused')).length,
      accepted,
      delivered: await untilDelivered(stage, accepted),
    };
  } finally {
    refuser.stop();
    await stage.close();
  }
}

async function overrun(options: OverloadOptions): Promise<Finding> {
  const found = await measureOverrun(options);
  const { alone, overrun, bare } = found;
  const shareOfCpu = perCpuSecond(overrun) / perCpuSecond(alone);
  const wrong = overrun.wrong + alone.wrong + overrun.unanswered;
  const share = perSecond(overrun) / perSecond(alone);
  const undelivered = Math.max(0, found.accepted - found.delivered);
  const eachAccepted = alone.cpuSeconds / alone.accepted;
  const eachRefused = (overrun.cpuSeconds - overrun.accepted * eachAccepted) / overrun.refused;
  return {
    figure:
      `accepted ${round(perSecond(overrun))}/s, ${round(perSecond(alone))}/s alone: ${percent(share)}, per second of the server's CPU ${percent(shareOfCpu)}; asked for ${times(overrun.made / overrun.accepted)} what was accepted; ` +
      `in p99 ${round(overrun.acceptedP99)} ms, ${round(alone.acceptedP99)} ms alone; ` +
      `refused ${round(refusedPerSecond(overrun))}/s in p99 ${round(overrun.refusedP99)} ms, ${round(bare.refusedP99)} ms by a server that does nothing else; turns of the callers' own process ${round(overrun.ownTurnP99)} ms in p99; ` +
      `the server's CPU ${micros(eachAccepted)} an accepted call alone, ${micros(eachRefused)} a refusal on top; ` +
      `${wrong} without an answer or a Retry-After; ${found.lines} lines of log; ${found.baseMb} + ${found.grownMb} MB; ` +
      `${undelivered} of ${found.accepted} accepted not delivered`,
    bar:
      '≥ 90 % accepted (per second, or of CPU when the machine has other work) at p99 ≤ 3×, alone being right after each overrun; ' +
      'refused in p99 ≤ 100 ms, ≤ 50 % more memory, all delivered',
    ok:
      Math.max(share, shareOfCpu) >= 0.9 &&
      overrun.acceptedP99 <= 3 * alone.acceptedP99 &&
      overrun.refused > 0 &&
      overrun.refusedP99 <= 100 &&
      wrong + undelivered === 0 &&
      found.grownMb <= 0.5 * found.baseMb,
  };
}

/** For `npm test`: what can be counted, on a machine of any speed. */
export async function overrunInShort(options: OverloadOptions): Promise<Finding> {
  const { alone, overrun, lines, accepted, delivered } = await measureOverrun(options);
  const wrong = overrun.wrong + alone.wrong;
  return {
    figure: `${accepted} accepted, ${delivered} delivered, ${overrun.refused} refused with ${lines} lines of log, ${wrong} wrong`,
    bar: 'some refused, each told when to come again, hardly a line about them, all accepted delivered',
    ok: overrun.refused > 0 && lines < overrun.refused / 5 && wrong === 0 && accepted > 0 && delivered >= accepted,
  };
}

interface Round extends Aimed {
  /** Spent by the server. */
  readonly cpuSeconds: number;
  readonly others: readonly Aimed[];
  readonly ownTurnP99: number;
}

function callsTo(server: BeckonProcess) {
  return async (aims: readonly FloodAim[], forMs: number): Promise<Round> => {
    const before = cpuSeconds(server.pid);
    const { aims: all, ownTurnP99 } = await floodWith({ aims, forMs });
    const [aimed, ...others] = all;
    if (aimed === undefined) throw new Error('nobody called');
    return { ...aimed, others, ownTurnP99, cpuSeconds: cpuSeconds(server.pid) - before };
  };
}

function addUp(rounds: readonly Round[]): Round {
  const cpu = rounds.reduce((sum, round) => sum + round.cpuSeconds, 0);
  const ownTurnP99 = percentile(
    rounds.map((round) => round.ownTurnP99),
    0.5,
  );
  return { ...addAimed(rounds), others: [], ownTurnP99, cpuSeconds: cpu };
}

function addAimed(aimed: readonly Aimed[]): Aimed {
  const sum = (read: (one: Aimed) => number) => aimed.reduce((total, one) => total + read(one), 0);
  // Of percentiles the middle: one round may have met other work of the machine.
  const middle = (read: (one: Aimed) => number) => percentile(aimed.map(read), 0.5);
  return {
    made: sum((one) => one.made),
    accepted: sum((one) => one.accepted),
    acceptedP99: middle((one) => one.acceptedP99),
    refused: sum((one) => one.refused),
    refusedP99: middle((one) => one.refusedP99),
    wrong: sum((one) => one.wrong),
    unanswered: sum((one) => one.unanswered),
    elapsedMs: sum((one) => one.elapsedMs),
  };
}

const round = Math.round;
const percent = (share: number) => `${round(100 * share)} %`;
const times = (factor: number) => `${factor.toFixed(1)}×`;
const micros = (seconds: number) => `${round(1e6 * seconds)} µs`;
const perCpuSecond = ({ accepted, cpuSeconds }: Round) => accepted / cpuSeconds;
const perSecond = ({ accepted, elapsedMs }: Round) => (1_000 * accepted) / elapsedMs;
const refusedPerSecond = ({ refused, elapsedMs }: Round) => (1_000 * refused) / elapsedMs;
const portOf = ({ url }: BeckonProcess) => Number(new URL(url).port);

async function withPostgres<T>(use: (database: string) => Promise<T>): Promise<T> {
  const postgres = await startPostgres();
  try {
    return await use(await postgres.createDatabase());
  } finally {
    await postgres.stop();
  }
}

function watchMemory(pid: number) {
  let peakMb = 0;
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, residentMb(pid));
  }, 250);
  return {
    stop() {
      clearInterval(timer);
      return peakMb;
    },
  };
}

async function untilDelivered({ sandbox }: HookStage, wanted: number): Promise<number> {
  const givenUpAt = performance.now() + 90_000;
  while (sandbox.ledger.total('hooks') < wanted && performance.now() < givenUpAt) await delay(50);
  return sandbox.ledger.total('hooks');
}
