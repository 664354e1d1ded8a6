import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '../../src/client/client.ts';
import { ClientError } from '../../src/client/client-error.ts';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { GatheringWitness, isGathering, WORKS, type Work } from '../support/gathering-witness.ts';
import { startPostgres } from '../support/postgres.ts';
import { emailOf, openRehearsal, type Rehearsal } from '../support/rehearsal.ts';
import { between } from '../support/seed.ts';
import { openReader, untilAllOver } from '../support/until-all-over.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

const ANEW = fileURLToPath(new URL('../support/anew-server.ts', import.meta.url));

export const gatheringKilledOnSqlite: Fault = {
  id: 'F03',
  title: 'kill -9 amid an edit, a recall, a filter and an upload, SQLite',
  run: (parts) => killGathering({ kills: 24, people: 4_000, hasToHit: true }, parts),
  control: (parts) => killGathering({ kills: 1, people: 1_200, script: ANEW }, parts),
};

export const gatheringKilledOnPostgres: Fault = {
  id: 'F03',
  title: 'kill -9 amid an edit, a recall, a filter and an upload, PostgreSQL',
  run: (parts) => killGathering({ kills: 24, people: 4_000, hasToHit: true, postgres: true }, parts),
};

interface GatheringOptions {
  readonly kills: number;
  readonly people: number;
  /** At least one kill has to come when some recipients were found and others were not. */
  readonly hasToHit?: boolean;
  readonly postgres?: boolean;
  readonly script?: string;
}

const CONCURRENCY = 32;
/** Sends in flight on the one connection, and outcomes that may wait for their checkpoint (the engine's own bound). */
const MOST_OPEN = CONCURRENCY + 500;
const CHUNK = 500;
/** The two that everybody has beforehand, and the four that are killed. */
const NOTIFICATIONS = 6;

/**
 * Everybody has two messages. Then one is edited and the other recalled, a third is sent to whoever fits a filter and a
 * fourth to an upload, all at once, and the server is killed in the middle of it, again and again. Callers who had no
 * answer ask again, as they should. In the end each was done to everybody, and twice only where it was under way at a kill.
 */
export async function killGathering(options: GatheringOptions, { random }: FaultParts): Promise<Finding> {
  const { people, script } = options;
  const postgres = options.postgres ? await startPostgres() : null;
  const rehearsal = await openRehearsal({ limits: 'off', concurrency: CONCURRENCY });
  const { botId, sandbox, folder } = rehearsal;
  try {
    const database = (await postgres?.createDatabase()) ?? `sqlite:${join(folder, 'beckon.db')}`;
    const start = () => rehearsal.start(['--database', database, '--lease-ms', '2000', '--log-level', 'warn'], script);
    let server = await start();
    const works = await prepare(rehearsal, server, database, people);
    const witness = new GatheringWitness({ sandbox, database, botId });
    const unanswered = new Map(works);
    for (let kill = 0; kill < options.kills; kill += 1) {
      const calls = ask(unanswered, rehearsal.client(server.url));
      if (kill % 2 === 0) await Promise.race([untilGathering(database), calls.ended]);
      else await untilDone(witness, between(random, 1, (2 * WORKS.length * people) / options.kills), people);
      await server.kill();
      await calls.hangUp();
      await witness.lookAfterKill();
      server = await start();
    }
    await ask(unanswered, rehearsal.client(server.url)).ended;
    await untilAllThere(database);
    const { undelivered, detail } = await untilAllOver(database, { botId });
    await witness.look();
    return await judge(witness, { ...options, database, undelivered: `${undelivered} ${detail}`.trim() });
  } finally {
    await rehearsal.close();
    await postgres?.stop();
  }
}

type Call = (client: Client, signal: AbortSignal) => Promise<unknown>;

/** Everybody gets two messages; answers how a caller asks for each of the works. */
async function prepare(
  rehearsal: Rehearsal,
  server: BeckonProcess,
  database: string,
  people: number,
): Promise<ReadonlyMap<Work, Call>> {
  const { botId } = rehearsal;
  const everybody = Array.from({ length: people }, (_, index) => emailOf(index));
  await rehearsal.importPeople(server.url, people);
  const [edited = '', recalled = ''] = await Promise.all(
    ['first', 'second'].map(async (val) => {
      const body = {
        channel: 'msteams',
        message: { type: 'text', val },
        recipients: { filter: { everybody: true } },
      } as const;
      return (await rehearsal.client(server.url).notifications.send({ botId, body })).id;
    }),
  );
  await untilAllThere(database, 2);
  await untilAllOver(database, { botId });
  const say = (val: string) => ({ channel: 'msteams', message: { type: 'text', val } }) as const;
  return new Map<Work, Call>([
    [
      'edited',
      (client, signal) => client.edit({ botId, notificationId: edited, message: say('edited').message, signal }),
    ],
    ['recalled', (client, signal) => client.recall({ botId, notificationId: recalled, signal })],
    [
      'filtered',
      (client, signal) => {
        const body = { ...say('filtered'), recipients: { filter: { everybody: true } } } as const;
        return client.notifications.send({ botId, body, idempotencyKey: 'filtered', signal });
      },
    ],
    ['uploaded', (client, signal) => upload(client, { botId, everybody, signal, words: say('uploaded') })],
  ]);
}

interface Upload {
  readonly botId: string;
  readonly everybody: readonly string[];
  readonly signal: AbortSignal;
  readonly words: { readonly channel: 'msteams'; readonly message: { readonly type: 'text'; readonly val: string } };
}

/** All of it again when any of it had no answer. */
async function upload({ audience }: Client, { botId, everybody, signal, words }: Upload): Promise<void> {
  const body = { ...words, audience: { upload: true } } as const;
  const { id: notificationId } = await audience.open({ botId, body, idempotencyKey: 'uploaded', signal });
  const chunks = Math.ceil(everybody.length / CHUNK);
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const lines = everybody.slice(chunk * CHUNK, (chunk + 1) * CHUNK).map((identity) => `"${identity}"\n`);
    const mediaType = 'application/x-ndjson';
    await audience.add({ botId, notificationId, chunk, body: lines.join(''), mediaType, signal });
  }
  await audience.seal({ botId, notificationId, recipients: everybody.length, chunks, signal });
}

/** Asks for all that nobody has an answer to; who has one is not asked for again. */
function ask(unanswered: Map<Work, Call>, client: Client) {
  const hangUp = new AbortController();
  const tryIt = async ([work, call]: readonly [Work, Call]): Promise<void> => {
    try {
      await call(client, hangUp.signal);
      unanswered.delete(work);
    } catch (error) {
      // It is dead, or was: anything else is an answer, and none that was to be expected.
      if (!(error instanceof ClientError && error.status === null)) throw error;
    }
  };
  const ended = Promise.all([...unanswered].map(tryIt));
  ended.catch(() => {});
  return {
    ended,
    async hangUp(): Promise<void> {
      hangUp.abort();
      await ended;
    },
  };
}

/** Until some recipients were found and others were not, or for a while: it may be over before anybody looks. */
async function untilGathering(database: string): Promise<void> {
  const reader = await openReader(database);
  const endsAt = performance.now() + 2_000;
  try {
    while (!(await isGathering(reader)) && performance.now() < endsAt) await delay(2);
  } finally {
    await reader.close();
  }
}

/** Until so much was done to somebody, or all of it, or nothing happens any more. */
async function untilDone(witness: GatheringWitness, actions: number, people: number): Promise<void> {
  const all = WORKS.length * people;
  for (let [before, movedAt] = [-1, 0]; witness.done() < actions && witness.total() < all; await delay(5)) {
    const done = witness.done();
    if (done !== before) [before, movedAt] = [done, performance.now()];
    if (performance.now() - movedAt > PATIENCE_MS) return;
  }
}

const PATIENCE_MS = 20_000;

/** Until all notifications have everybody they are for. */
async function untilAllThere(database: string, notifications = NOTIFICATIONS): Promise<void> {
  const reader = await openReader(database);
  try {
    for (const endsAt = performance.now() + PATIENCE_MS; ; await delay(20)) {
      const rows = await reader.ask('SELECT id FROM notifications');
      if (rows.length >= notifications) return;
      if (performance.now() > endsAt) throw new Error(`${rows.length} of ${notifications} notifications are there`);
    }
  } finally {
    await reader.close();
  }
}

interface End extends GatheringOptions {
  readonly database: string;
  readonly undelivered: string;
}

async function judge(
  witness: GatheringWitness,
  { kills, people, hasToHit, database, undelivered }: End,
): Promise<Finding> {
  const { missed, repeats, unfounded, mostOpen, gathering } = witness.conclude(people);
  const untrue = await countUntrue(database, people);
  return {
    figure: `${kills} kills, ${gathering} of them amid gathering, ${WORKS.length} times ${people} people: ${missed} passed over, ${undelivered} not delivered, ${untrue} notifications whose numbers are wrong; open at a kill at most ${mostOpen}; ${repeats} repeats, ${unfounded} unexplained`,
    bar: `0 passed over, 0 not delivered, 0 wrong, 0 repeats of what was not open, at most ${MOST_OPEN} open at a kill${hasToHit ? ', a kill amid gathering' : ''}`,
    ok:
      missed + untrue + unfounded === 0 &&
      undelivered.startsWith('0') &&
      mostOpen <= MOST_OPEN &&
      (hasToHit !== true || gathering > 0),
  };
}

/** Each is for everybody, has a log of everybody, and says so. */
async function countUntrue(database: string, people: number): Promise<number> {
  const reader = await openReader(database);
  try {
    const rows = await reader.ask(
      `SELECT total, delivered, (SELECT count(*) FROM logs WHERE notification_id = id) AS logs,
         (SELECT count(DISTINCT identity) FROM logs WHERE notification_id = id) AS people FROM notifications`,
    );
    const isTrue = (row: Readonly<Record<string, unknown>>) => Object.values(row).every((it) => Number(it) === people);
    return rows.filter((row) => !isTrue(row)).length + Math.abs(rows.length - NOTIFICATIONS);
  } finally {
    await reader.close();
  }
}
