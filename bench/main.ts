import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres, type TestPostgres } from '../test/support/postgres.ts';
import { openStage, PEOPLE, type Stage } from './stage.ts';

/**
 * End-to-end deliveries per second (accepted over HTTP, resolved, delivered to a fake Teams in another process,
 * durably logged) beside a bare loop that makes the same calls to the same fake. Rounds are interleaved, because the
 * speed of a shared machine drifts: only the ratios of one run mean something.
 */
async function main(): Promise<void> {
  const stage = await openStage();
  const postgres = await startPostgres();
  try {
    // The simulators' own start (token, compilation) belongs to nobody's figures.
    await stage.runBare(2_000);
    const results: Result[] = [];
    for (let round = 1; round <= rounds; round += 1) results.push(await runRound(round, stage, postgres));
    report(results);
  } finally {
    await stage.close();
    await postgres.stop();
  }
}

/** Deliveries a second. */
interface Result {
  readonly bare: number;
  readonly sqlite: number;
  readonly postgres: number;
}

async function runRound(round: number, stage: Stage, server: TestPostgres): Promise<Result> {
  const bare = perSecond(await stage.runBare(deliveries));
  const sqlite = perSecond(await stage.runBeckon(notifications, `sqlite:${join(stage.folder, `round-${round}.db`)}`));
  const postgres = perSecond(await stage.runBeckon(notifications, await server.createDatabase()));
  say(`round ${round}: bare loop ${bare}/s, SQLite ${sqlite}/s, PostgreSQL ${postgres}/s`);
  return { bare, sqlite, postgres };
}

function report(results: readonly Result[]): void {
  const summary = {
    deliveries,
    rounds,
    barePerSecond: median(results.map((result) => result.bare)),
    sqlite: ratioOf(results.map((result) => result.sqlite / result.bare)),
    postgres: ratioOf(results.map((result) => result.postgres / result.bare)),
  };
  if (values.json) console.log(JSON.stringify(summary));
  say(`\n${deliveries} deliveries a round, ${rounds} rounds, ratios to the bare loop (median, lowest to highest):`);
  say(`  SQLite      ${show(summary.sqlite)}   bar 0.60`);
  say(`  PostgreSQL  ${show(summary.postgres)}   bar 0.45`);
}

function perSecond(ms: number): number {
  return Math.round((deliveries * 1_000) / ms);
}

function ratioOf(ratios: readonly number[]) {
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}

function show({ median: middle, lowest, highest }: ReturnType<typeof ratioOf>): string {
  return `${middle.toFixed(2)}  (${lowest.toFixed(2)} to ${highest.toFixed(2)})`;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}

function say(line: string): void {
  if (!values.json) console.log(line);
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    notifications: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const notifications = Number(values.notifications);
const deliveries = notifications * PEOPLE;
await main();
