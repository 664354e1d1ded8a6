import { join } from 'node:path';
import { startPostgres } from '../test/support/postgres.ts';
import type { BareRun } from './bare-loop.ts';
import type { Figure, Suite, SuiteOptions } from './figures.ts';
import { askScript } from './processes.ts';
import { CONCURRENCY, conversationOf, type Fake, fetchJson, openStage, PEOPLE, type Stage, TEXT } from './stage.ts';

/**
 * S1, S2: deliveries a second (accepted over HTTP, resolved, sent to a fake Teams in another process, durably logged)
 * beside a bare loop that makes the same calls to the same fake. S11: how long the server's event loop kept anything
 * waiting meanwhile. Rounds are interleaved, because the speed of a shared machine drifts.
 */
export const deliveries: Suite = { ids: ['S1', 'S2', 'S11'], run };

interface Round {
  readonly bare: number;
  readonly sqlite: Run;
  readonly postgres: Run;
}

interface Run {
  readonly perSecond: number;
  readonly loopP99: number;
}

async function run(options: SuiteOptions): Promise<Figure[]> {
  const notifications = options.size === 'quick' ? 20 : 60;
  const stage = await openStage();
  const postgres = await startPostgres();
  try {
    // The simulators' own start (token, compilation) belongs to nobody's figures.
    await runBare(stage, 2_000);
    const rounds: Round[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      const bare = await runBare(stage, notifications * PEOPLE);
      const sqlite = await runBeckon(stage, notifications, `sqlite:${join(stage.folder, `round-${round}.db`)}`);
      const onPostgres = await runBeckon(stage, notifications, await postgres.createDatabase());
      options.say(
        `S1 round ${round}: bare ${bare}/s, SQLite ${sqlite.perSecond}/s, PostgreSQL ${onPostgres.perSecond}/s`,
      );
      rounds.push({ bare, sqlite, postgres: onPostgres });
    }
    return figuresOf(rounds);
  } finally {
    await stage.close();
    await postgres.stop();
  }
}

function figuresOf(rounds: readonly Round[]): Figure[] {
  const against = (side: 'sqlite' | 'postgres') => rounds.map((round) => round[side].perSecond / round.bare);
  return [
    { id: 'S1', what: 'deliveries to a bare loop, SQLite', unit: '×', values: against('sqlite'), bar: { least: 0.75 } },
    { id: 'S1', what: 'bare loop', unit: '/s', values: rounds.map((round) => round.bare), bar: null },
    { id: 'S1', what: 'SQLite', unit: '/s', values: rounds.map((round) => round.sqlite.perSecond), bar: null },
    {
      id: 'S2',
      what: 'deliveries to a bare loop, PostgreSQL',
      unit: '×',
      values: against('postgres'),
      bar: { least: 0.65 },
    },
    { id: 'S2', what: 'PostgreSQL', unit: '/s', values: rounds.map((round) => round.postgres.perSecond), bar: null },
    {
      id: 'S11',
      what: 'event-loop delay during S1, p99',
      unit: 'ms',
      values: rounds.map((round) => round.sqlite.loopP99),
      bar: { most: 30 },
    },
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

/** Deliveries a second of the bare loop. */
export async function runBare(stage: Stage, sends: number, concurrency = CONCURRENCY): Promise<number> {
  const { fake } = stage;
  const indexes = Array.from({ length: PEOPLE }, (_, index) => index);
  const run: BareRun = {
    origin: fake.urls.base,
    token: await takeToken(fake),
    paths: indexes.map(
      (index) => `/teams/v3/conversations/${encodeURIComponent(conversationOf(fake, index))}/activities`,
    ),
    bodies: indexes.map((index) => activity(fake, index)),
    sends,
    concurrency,
  };
  const ms = await askScript<number>('bare-loop.ts', run);
  return Math.round((sends * 1_000) / ms);
}

async function takeToken({ urls, credentials }: Fake): Promise<string> {
  const { appId, appPassword, tenantId } = credentials.teams;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: appId,
    client_secret: appPassword,
    scope: 'https://api.botframework.com/.default',
  });
  const url = `${urls.login}/${tenantId}/oauth2/v2.0/token`;
  return (await fetchJson<{ access_token: string }>(url, { method: 'POST', body })).access_token;
}

/** The bytes Beckon's Teams channel sends for a text. */
function activity(fake: Fake, index: number): string {
  return JSON.stringify({
    type: 'message',
    text: TEXT,
    textFormat: 'plain',
    channelData: { notification: { alert: true } },
    from: { id: `28:${fake.credentials.teams.appId}` },
    conversation: { id: conversationOf(fake, index) },
  });
}
