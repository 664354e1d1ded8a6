import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { apiCommand, letUp } from '../support/api-commands.ts';
import { CALLS_PER_HOUR, emptyModel } from '../support/api-model.ts';
import { ApiPair, type Side } from '../support/api-pair.ts';
import { type ApiStage, openApiStage } from '../support/api-stage.ts';
import { type OwnTime, ownTimeOf } from '../support/leap.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

const TRAVELLING = fileURLToPath(new URL('../support/travelling-server.ts', import.meta.url));
const STUTTERING = fileURLToPath(new URL('../support/stuttering-server.ts', import.meta.url));

export const likeTheModel: Fault = {
  id: 'F39',
  title: 'the API beside a model of it, both stores',
  isPatient: true,
  run: (parts) => compareWithModel({ runs: 1_000, lanes: 6, atOnce: 3, forMs: 600_000 }, parts),
  control: (parts) => compareWithModel({ runs: 50, lanes: 1, forMs: 60_000, script: STUTTERING }, parts),
};

interface ModelOptions {
  readonly runs: number;
  /** Pairs of servers, each with its share of the runs: one that goes on for long is fast, one with few bots starts sooner. */
  readonly lanes: number;
  /** Lanes side by side, so that there is something to do while one of them waits; default: one. */
  readonly atOnce?: number;
  /** No run begins after so long. */
  readonly forMs: number;
  /** True: what is done by then will do, on a machine that has other things to do. */
  readonly mayBeFewer?: boolean;
  readonly commands?: number;
  readonly script?: string;
  /** PostgreSQL databases, one a lane; absent: of a server of its own. */
  readonly databases?: readonly string[];
}

/**
 * The same calls go to a server on SQLite and to one on PostgreSQL, one after the other, while the provider goes down
 * and comes back, time passes and servers restart. Both say what a small model of the API expects, and the same.
 */
export async function compareWithModel(options: ModelOptions, { seed }: FaultParts): Promise<Finding> {
  const { runs: wanted, lanes, atOnce = 1, forMs, mayBeFewer = false } = options;
  const bots = Array.from({ length: wanted }, (_, run) => `r${run}`);
  const share = Math.ceil(wanted / lanes);
  const endsAt = performance.now() + forMs;
  const postgres = options.databases === undefined ? await startPostgres(FORGETFUL) : null;
  const done: LaneEnd[] = [];
  let begun = 0;
  const goThrough = async () => {
    while (begun < lanes) {
      const lane = begun;
      begun += 1;
      const database = options.databases?.[lane] ?? (await postgres?.createDatabase()) ?? '';
      const own = bots.slice(lane * share, (lane + 1) * share);
      done.push(await runLane({ ...options, endsAt, database, bots: own, seed: seed + lane }));
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, goThrough));
  } finally {
    await postgres?.stop();
  }
  const [runs, commands] = [sumOf(done, ({ runs }) => runs), sumOf(done, ({ commands }) => commands)];
  const differences = done.flatMap(({ difference }) => (difference === null ? [] : [difference]));
  return {
    figure:
      `${runs} runs, ${commands} commands, ${differences.length} differences ${differences.join('\n').slice(0, 3_000)}`.trim(),
    bar: `0 differences in ${mayBeFewer ? '≤ ' : ''}${wanted} runs of ${options.commands ?? COMMANDS}`,
    ok: differences.length === 0 && (mayBeFewer ? runs > 0 : runs === wanted),
  };
}

const COMMANDS = 50;
/** Nothing dies here, so nothing need be on the disk for PostgreSQL to answer. */
const FORGETFUL = ['-c', 'fsync=off', '-c', 'synchronous_commit=off'];

interface LaneOptions extends ModelOptions {
  readonly database: string;
  /** One for every run. */
  readonly bots: readonly string[];
  readonly endsAt: number;
  readonly seed: number;
}

interface LaneEnd {
  readonly runs: number;
  readonly commands: number;
  readonly difference: string | null;
}

async function runLane(options: LaneOptions): Promise<LaneEnd> {
  const { bots, database } = options;
  const stage = await openApiStage({ bots, limits: { perMinute: 0, perHour: CALLS_PER_HOUR } });
  const time = await ownTimeOf(database);
  try {
    return await runBots(options, stage, time);
  } finally {
    await stage.close();
    await time.end();
  }
}

async function runBots(options: LaneOptions, stage: ApiStage, time: OwnTime): Promise<LaneEnd> {
  const { bots, endsAt, seed } = options;
  const start = ({ database }: Pick<Side, 'database'>) =>
    stage.start(
      ['--database', database, '--max-refused-tokens', '0', '--linger-ms', '0', '--log-level', 'warn'],
      options.script ?? TRAVELLING,
    );
  const begin = async (database: string, own: Side['time']): Promise<Side> => ({
    database,
    time: own,
    server: await start({ database }),
  });
  const sides = await Promise.all([
    begin(`sqlite:${join(stage.folder, 'beckon.db')}`, null),
    begin(options.database, time),
  ]);
  const tally = { runs: 0, commands: 0 };
  const length = options.commands ?? COMMANDS;
  const step = apiCommand((pair) => pair.restart(start));
  const commands = fc.array(step, { minLength: length, maxLength: length, size: 'max' });
  const property = fc.asyncProperty(commands, async (steps) => {
    if (performance.now() > endsAt) return;
    const pair = new ApiPair(stage, bots[tally.runs] ?? '', sides);
    tally.runs += 1;
    const model = emptyModel();
    await fc.asyncModelRun(() => ({ model, real: pair }), steps);
    await pair.untilOver(model);
    letUp(pair);
    tally.commands += steps.length;
  });
  // Not made smaller: a run needs a bot that nothing has happened to.
  const details = await fc.check(property, { numRuns: bots.length, endOnFailure: true, seed });
  return { ...tally, difference: details.failed ? describe(details.errorInstance, details.counterexample) : null };
}

/** What was not as expected, and all that had been done until then. */
function describe(error: unknown, counterexample: unknown): string {
  return `${error instanceof Error ? error.message : error} after ${counterexample}`;
}

const sumOf = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);
