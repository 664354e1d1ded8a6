import { join } from 'node:path';
import { startPostgres } from '../test/support/postgres.ts';
import { openBare } from './bare.ts';
import { type BeckonContender, openBeckon } from './beckon.ts';
import type { Contender } from './contender.ts';
import type { Bar, Figure, Suite, SuiteOptions } from './figures.ts';
import { openPeers } from './peers.ts';
import { openStage, PEOPLE } from './stage.ts';

/**
 * S1, S2: deliveries a second (accepted over HTTP, resolved, sent to a fake Teams in another process, durably logged)
 * beside a bare loop that makes the same calls to the same fake. S3: beside the queues people build it on today. S11: how
 * long the server's event loop kept anything waiting meanwhile.
 *
 * Servers run for months, so every side has sent as much as every other before it counts; what the first seconds of a
 * process are like is shown apart. Then they take turns lap by lap, because the speed of a shared machine drifts.
 */
export const deliveries: Suite = { ids: ['S1', 'S2', 'S3', 'S11'], run };

/** In notifications of a thousand. The queues need not send as many: they would take minutes. */
interface Plan {
  readonly warmUp: number;
  readonly laps: number;
  readonly lap: number;
  readonly peersWarmUp: number;
  readonly peersLap: number;
}

const QUICK: Plan = { warmUp: 10, laps: 2, lap: 10, peersWarmUp: 4, peersLap: 2 };
const PLAN: Plan = { warmUp: 20, laps: 3, lap: 20, peersWarmUp: 10, peersLap: 4 };

/** Deliveries a second. */
interface Round {
  readonly bare: Rates;
  readonly sqlite: Rates;
  readonly postgres: Rates;
  /** Null where there is no Redis. */
  readonly bullmq: Rates | null;
  readonly pgboss: Rates;
  /** ms */
  readonly loopP99: number;
}

interface Rates {
  /** Of the warm-up, the start of the process not included. */
  readonly cold: number;
  readonly warm: number;
}

async function run(options: SuiteOptions): Promise<Figure[]> {
  const plan = options.size === 'quick' ? QUICK : PLAN;
  const stage = await openStage();
  const postgres = await startPostgres();
  const peers = await openPeers(stage.fake, postgres);
  try {
    await warmUpProvider(await openBare(stage.fake), plan);
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number += 1) {
      const round = await runRound(
        {
          bare: await openBare(stage.fake),
          sqlite: await openBeckon(stage, `sqlite:${join(stage.folder, `round-${number}.db`)}`),
          postgres: await openBeckon(stage, await postgres.createDatabase()),
          bullmq: await peers.openBullmq(),
          pgboss: await peers.openPgboss(),
        },
        plan,
      );
      for (const line of tell(round)) options.say(`round ${number}: ${line}`);
      rounds.push(round);
    }
    return figuresOf(rounds, plan);
  } finally {
    await peers.close();
    await stage.close();
    await postgres.stop();
  }
}

/** The provider's own start (token, compilation) belongs to nobody's figures. */
async function warmUpProvider(bare: Contender, { warmUp }: Plan): Promise<void> {
  await bare.deliver(warmUp);
  await bare.close();
}

interface Field {
  readonly bare: Contender;
  readonly sqlite: BeckonContender;
  readonly postgres: BeckonContender;
  readonly bullmq: Contender | null;
  readonly pgboss: Contender;
}

async function runRound({ bare, sqlite, postgres, bullmq, pgboss }: Field, plan: Plan): Promise<Round> {
  const { warmUp, lap, peersWarmUp, peersLap } = plan;
  const ours = [bare, sqlite, postgres].map((contender) => ({ contender, warmUp, lap }));
  const theirs = [pgboss, ...(bullmq === null ? [] : [bullmq])].map((contender) => ({
    contender,
    warmUp: peersWarmUp,
    lap: peersLap,
  }));
  const entries = [...ours, ...theirs].map((entry) => ({ ...entry, coldMs: 0, warmMs: 0 }));
  for (const entry of entries) entry.coldMs = await entry.contender.deliver(entry.warmUp);
  for (let turn = 0; turn < plan.laps; turn += 1) {
    for (const entry of entries) entry.warmMs += await entry.contender.deliver(entry.lap);
  }
  for (const { contender } of entries) await contender.close();
  const rates = entries.map((entry) => ({
    cold: perSecond(entry.warmUp, entry.coldMs),
    warm: perSecond(entry.lap * plan.laps, entry.warmMs),
  }));
  const [ofBare, ofSqlite, ofPostgres, ofPgboss, ofBullmq = null] = rates as [Rates, Rates, Rates, Rates, Rates?];
  return {
    bare: ofBare,
    sqlite: ofSqlite,
    postgres: ofPostgres,
    pgboss: ofPgboss,
    bullmq: ofBullmq,
    loopP99: sqlite.loopP99(),
  };
}

const perSecond = (notifications: number, ms: number): number => Math.round((notifications * PEOPLE * 1_000) / ms);

function tell({ bare, sqlite, postgres, bullmq, pgboss }: Round): string[] {
  const queues = `BullMQ ${bullmq === null ? NO_REDIS : `${bullmq.warm}/s`}, pg-boss ${pgboss.warm}/s`;
  const cold = `at first bare ${bare.cold}/s, SQLite ${sqlite.cold}/s, PostgreSQL ${postgres.cold}/s`;
  return [`bare ${bare.warm}/s, SQLite ${sqlite.warm}/s, PostgreSQL ${postgres.warm}/s, ${queues}`, cold];
}

const NO_REDIS = 'no redis-server on this machine';

function figuresOf(rounds: readonly Round[], { warmUp }: Plan): Figure[] {
  const figure = (
    id: string,
    what: string,
    unit: Figure['unit'],
    bar: Bar | null,
    of: (round: Round) => number | null,
  ) => {
    const values = rounds.flatMap((round) => of(round) ?? []);
    return { id, what, unit, values, bar, ...(values.length === 0 && { note: NO_REDIS }) };
  };
  const first = `first ${warmUp},000 of both`;
  return [
    figure('S1', 'SQLite to a bare loop', '×', { least: 0.75 }, ({ sqlite, bare }) => sqlite.warm / bare.warm),
    figure('S1', `SQLite to a bare loop, ${first}`, '×', null, ({ sqlite, bare }) => sqlite.cold / bare.cold),
    figure('S1', 'bare loop', '/s', null, ({ bare }) => bare.warm),
    figure('S1', 'SQLite', '/s', null, ({ sqlite }) => sqlite.warm),
    figure('S2', 'PostgreSQL to a bare loop', '×', { least: 0.65 }, ({ postgres, bare }) => postgres.warm / bare.warm),
    figure('S2', `PostgreSQL to a bare loop, ${first}`, '×', null, ({ postgres, bare }) => postgres.cold / bare.cold),
    figure('S2', 'PostgreSQL', '/s', null, ({ postgres }) => postgres.warm),
    figure('S3', 'SQLite to BullMQ', '×', { least: 5 }, ({ sqlite, bullmq }) => bullmq && sqlite.warm / bullmq.warm),
    figure('S3', 'BullMQ', '/s', null, ({ bullmq }) => bullmq?.warm ?? null),
    figure('S3', 'SQLite to pg-boss', '×', { least: 2 }, ({ sqlite, pgboss }) => sqlite.warm / pgboss.warm),
    figure('S3', 'PostgreSQL to pg-boss', '×', null, ({ postgres, pgboss }) => postgres.warm / pgboss.warm),
    figure('S3', 'pg-boss', '/s', null, ({ pgboss }) => pgboss.warm),
    figure('S11', 'event-loop delay during S1, p99', 'ms', { most: 30 }, ({ loopP99 }) => loopP99),
  ];
}
