import { join } from 'node:path';
import { startPostgres } from '../test/support/postgres.ts';
import { runBare } from './bare.ts';
import type { Bar, Figure, Suite, SuiteOptions } from './figures.ts';
import { openPeers, type Peers } from './peers.ts';
import { openStage, PEOPLE, type Stage } from './stage.ts';

/**
 * S1, S2: deliveries a second (accepted over HTTP, resolved, sent to a fake Teams in another process, durably logged)
 * beside a bare loop that makes the same calls to the same fake. S3: beside the queues people build it on today. S11: how
 * long the server's event loop kept anything waiting meanwhile. Rounds are interleaved, because the speed of a shared
 * machine drifts.
 */
export const deliveries: Suite = { ids: ['S1', 'S2', 'S3', 'S11'], run };

interface Round {
  readonly bare: number;
  readonly sqlite: Run;
  readonly postgres: Run;
  /** Null where there is no Redis. */
  readonly bullmq: number | null;
  readonly pgboss: number;
}

interface Run {
  readonly perSecond: number;
  readonly loopP99: number;
}

async function run(options: SuiteOptions): Promise<Figure[]> {
  const notifications = options.size === 'quick' ? 20 : 60;
  const stage = await openStage();
  const postgres = await startPostgres();
  const peers = await openPeers(stage.fake, postgres);
  try {
    // The simulators' own start (token, compilation) belongs to nobody's figures.
    await runBare(stage.fake, 2_000);
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number += 1) {
      const bare = await runBare(stage.fake, notifications * PEOPLE);
      const sqlite = await runBeckon(stage, notifications, `sqlite:${join(stage.folder, `round-${number}.db`)}`);
      const onPostgres = await runBeckon(stage, notifications, await postgres.createDatabase());
      const round: Round = { bare, sqlite, postgres: onPostgres, ...(await runPeers(peers, options)) };
      options.say(
        `S1 round ${number}: bare ${bare}/s, SQLite ${sqlite.perSecond}/s, PostgreSQL ${onPostgres.perSecond}/s`,
      );
      options.say(
        `S3 round ${number}: BullMQ ${round.bullmq === null ? NO_REDIS : `${round.bullmq}/s`}, pg-boss ${round.pgboss}/s`,
      );
      rounds.push(round);
    }
    return figuresOf(rounds);
  } finally {
    await peers.close();
    await stage.close();
    await postgres.stop();
  }
}

const NO_REDIS = 'no redis-server on this machine';

/** Rates are compared, so they need not send as many: they would take minutes. */
async function runPeers(peers: Peers, { size }: SuiteOptions): Promise<Pick<Round, 'bullmq' | 'pgboss'>> {
  const notifications = size === 'quick' ? 4 : 10;
  return { bullmq: await peers.runBullmq(notifications), pgboss: await peers.runPgboss(notifications) };
}

function figuresOf(rounds: readonly Round[]): Figure[] {
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
  return [
    figure('S1', 'SQLite to a bare loop', '×', { least: 0.75 }, ({ sqlite, bare }) => sqlite.perSecond / bare),
    figure('S1', 'bare loop', '/s', null, ({ bare }) => bare),
    figure('S1', 'SQLite', '/s', null, ({ sqlite }) => sqlite.perSecond),
    figure('S2', 'PostgreSQL to a bare loop', '×', { least: 0.65 }, ({ postgres, bare }) => postgres.perSecond / bare),
    figure('S2', 'PostgreSQL', '/s', null, ({ postgres }) => postgres.perSecond),
    figure('S3', 'SQLite to BullMQ', '×', { least: 5 }, ({ sqlite, bullmq }) => bullmq && sqlite.perSecond / bullmq),
    figure('S3', 'BullMQ', '/s', null, ({ bullmq }) => bullmq),
    figure('S3', 'SQLite to pg-boss', '×', { least: 2 }, ({ sqlite, pgboss }) => sqlite.perSecond / pgboss),
    figure('S3', 'PostgreSQL to pg-boss', '×', null, ({ postgres, pgboss }) => postgres.perSecond / pgboss),
    figure('S3', 'pg-boss', '/s', null, ({ pgboss }) => pgboss),
    figure('S11', 'event-loop delay during S1, p99', 'ms', { most: 30 }, ({ sqlite }) => sqlite.loopP99),
  ];
}

/** From the first POST until every notification is durably finished. */
async function runBeckon(stage: Stage, notifications: number, database: string): Promise<Run> {
  const server = await stage.start(database, { watchLoop: true });
  const before = await stage.delivered();
  const startedAt = performance.now();
  const ids: string[] = [];
  for (let index = 0; index < notifications; index += 1) ids.push(await stage.notify(server));
  await stage.delivered(before + notifications * PEOPLE);
  // The last checkpoint of a notification comes within 50 ms of its last send; only the newest is asked more than once.
  for (const id of ids) await stage.finished(server, id);
  const ms = performance.now() - startedAt;
  await server.stop();
  await verifyAll(stage, database, ids);
  return { perSecond: Math.round((notifications * PEOPLE * 1_000) / ms), loopP99: loopDelayOf(server.lines) };
}

/** By another process, so that it costs neither the clock nor the event loop that is measured, and finds what is durable. */
async function verifyAll(stage: Stage, database: string, ids: readonly string[]): Promise<void> {
  const server = await stage.start(database, { isPrepared: true });
  for (const id of ids) await stage.verify(server, id);
  await server.stop();
}

function loopDelayOf(lines: readonly string[]): number {
  const line = lines.find((entry) => entry.startsWith('{"loopDelay"'));
  if (line === undefined) throw new Error('the server did not tell the delays of its event loop');
  const { loopDelay }: { loopDelay: { p99: number } } = JSON.parse(line);
  return loopDelay.p99;
}
