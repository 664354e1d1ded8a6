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
  run: (parts) => compareWithModel({ runs: 1_000, lanes: 3, forMs: 120_000, outages: true }, parts),
  control: (parts) =>
    compareWithModel({ runs: 200, lanes: 1, forMs: 60_000, outages: true, script: STUTTERING }, parts),
};

interface ModelOptions {
  readonly runs: number;
  /** Pairs of servers at once, each with its share of the runs. */
  readonly lanes: number;
  /** No run begins after so long. */
  readonly forMs: number;
  readonly commands?: number;
  /**
   * The provider goes down and comes back. The model takes all attempts to outlive an outage, which a machine that is
   * slow to go through a run's calls does not grant.
   */
  readonly outages: boolean;
  readonly script?: string;
  /** PostgreSQL databases, one a lane; absent: of a server of its own. */
  readonly databases?: readonly string[];
}

/**
 * The same calls go to a server on SQLite and to one on PostgreSQL, one after the other, while the provider goes down
 * and comes back, time passes and servers restart. Both say what a small model of the API expects, and the same.
 */
export async function compareWithModel(options: ModelOptions, { seed }: FaultParts): Promise<Finding> {
  const bots = Array.from({ length: options.runs }, (_, run) => `r${run}`);
  const stage = await openApiStage({ bots, limits: { perMinute: 0, perHour: CALLS_PER_HOUR } });
  const postgres = options.databases === undefined ? await startPostgres() : null;
  try {
    const share = Math.ceil(options.runs / options.lanes);
    const lanes = await Promise.all(
      Array.from({ length: options.lanes }, async (_, lane) => {
        const database = options.databases?.[lane] ?? (await postgres?.createDatabase()) ?? '';
        const own = bots.slice(lane * share, (lane + 1) * share);
        return runLane({ ...options, stage, lane, database, bots: own, seed: seed + lane });
      }),
    );
    const [runs, commands] = [sumOf(lanes, ({ runs }) => runs), sumOf(lanes, ({ commands }) => commands)];
    const differences = lanes.flatMap(({ difference }) => (difference === null ? [] : [difference]));
    return {
      figure:
        `${runs} runs, ${commands} commands, ${differences.length} differences ${differences.join('\n').slice(0, 3_000)}`.trim(),
      bar: `0 differences in ≤ ${options.runs} runs of ${options.commands ?? COMMANDS}`,
      ok: runs > 0 && differences.length === 0,
    };
  } finally {
    await stage.close();
    await postgres?.stop();
  }
}

const COMMANDS = 50;
/** Of the commands; a restart takes as long as a run. */
const RESTART_WEIGHT = 2;
const OUTAGE_WEIGHT = 12;

interface LaneOptions extends ModelOptions {
  readonly stage: ApiStage;
  readonly lane: number;
  readonly database: string;
  /** One for every run. */
  readonly bots: readonly string[];
  readonly seed: number;
}

async function runLane(options: LaneOptions) {
  const time = await ownTimeOf(options.database);
  try {
    return await runOnce(options, time);
  } finally {
    await time.end();
  }
}

async function runOnce(options: LaneOptions, time: OwnTime) {
  const { stage, bots, forMs, seed } = options;
  const start = ({ database }: Pick<Side, 'database'>) =>
    stage.start(['--database', database, '--linger-ms', '0'], options.script ?? TRAVELLING);
  const begin = async (database: string, own: Side['time']): Promise<Side> => ({
    database,
    time: own,
    server: await start({ database }),
  });
  const sides = await Promise.all([
    begin(`sqlite:${join(stage.folder, `lane-${options.lane}.db`)}`, null),
    begin(options.database, time),
  ]);
  const tally = { runs: 0, commands: 0 };
  const length = options.commands ?? COMMANDS;
  const step = apiCommand((pair) => pair.restart(start), {
    restart: RESTART_WEIGHT,
    outage: options.outages ? OUTAGE_WEIGHT : 0,
  });
  const commands = fc.array(step, { minLength: length, maxLength: length, size: 'max' });
  const endsAt = performance.now() + forMs;
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
