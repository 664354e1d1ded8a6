import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ApiStage, koreUrl, nativeUrl, openApiStage } from '../support/api-stage.ts';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Fault, Finding } from './fault.ts';

const WATCHED = fileURLToPath(new URL('../support/watched-server.ts', import.meta.url));
const PONDEROUS = fileURLToPath(new URL('../support/ponderous-server.ts', import.meta.url));

const long = { calls: 1_000, people: 20_000, backlogMs: 5_000 };

export const loopOnSqlite: Fault = {
  id: 'F43',
  title: 'delay of the event loop under load, SQLite',
  isTimed: true,
  run: () => watchLoad(long),
  control: () => watchLoad({ calls: 50, people: 0, backlogMs: 0, script: PONDEROUS }),
};

export const loopOnPostgres: Fault = {
  id: 'F43',
  title: 'delay of the event loop under load, PostgreSQL',
  isTimed: true,
  run: () => watchLoad({ ...long, calls: 300, postgres: true }),
};

interface LoadOptions {
  /** With 1,000 recipients each: a thousand calls are a backlog of a million. */
  readonly calls: number;
  /** Imported while the backlog is worked off. */
  readonly people: number;
  /** How long the backlog alone is watched. */
  readonly backlogMs: number;
  readonly script?: string;
  readonly postgres?: boolean;
}

/**
 * How late the loop of a server is while it accepts, delivers and imports. How late an idle process
 * beside it is, and how much processor time it took without a break, say whose fault a delay is, and excuse none.
 */
export async function watchLoad({ calls, people, backlogMs, script, postgres: wanted }: LoadOptions): Promise<Finding> {
  const stage = await openApiStage({ bots: ['ann'] });
  const postgres = wanted ? await startPostgres() : null;
  try {
    const database = (await postgres?.createDatabase()) ?? `sqlite:${join(stage.folder, 'beckon.db')}`;
    const quiet = ['--log-level', 'warn', '--linger-ms', '0'];
    const server = await stage.start(['--database', database, ...quiet], script ?? WATCHED);
    const idle = await stage.start(['--database', `sqlite:${join(stage.folder, 'idle.db')}`, ...quiet], WATCHED);
    await Promise.all([readLoop(server), readLoop(idle)]);
    const phases = {
      accepting: () => sendAll(stage, server.url, calls),
      delivering: () => delay(backlogMs),
      importing: () => importAll(stage, server.url, people),
    };
    const found: (Delay & { readonly phase: string; readonly beside: Delay })[] = [];
    for (const [phase, work] of Object.entries(phases)) {
      await work();
      const [own, beside] = await Promise.all([readLoop(server), readLoop(idle)]);
      found.push({ phase, ...own, beside });
    }
    const words = found.map(
      ({ phase, p99, max, cpuP99, cpuMax, beside }) =>
        `${phase} p99 ${p99}, max ${max} ms (an idle process ${beside.p99}, ${beside.max}; of the processor ${cpuP99}, ${cpuMax})`,
    );
    return {
      figure: words.join('; '),
      bar: 'p99 ≤ 50 ms, max ≤ 250 ms',
      ok: found.every(({ p99, max }) => p99 <= 50 && max <= 250),
    };
  } finally {
    await stage.close();
    await postgres?.stop();
  }
}

/** Milliseconds. */
interface Delay {
  readonly p99: number;
  readonly max: number;
  readonly cpuP99: number;
  readonly cpuMax: number;
}

async function readLoop(server: BeckonProcess): Promise<Delay> {
  const told = server.next(/^loop /);
  server.signal('SIGUSR2');
  const [, p99 = 0, max = 0, cpuP99 = 0, cpuMax = 0] = (await told).split(' ').map(Number);
  return { p99, max, cpuP99, cpuMax };
}

const CALLERS = 4;

async function sendAll(stage: ApiStage, url: string, calls: number): Promise<void> {
  const identities = Array.from({ length: 1_000 }, (_, index) => `person-${index}@example.com`);
  const message = { type: 'text', val: 'to a thousand people' };
  const body = JSON.stringify({
    channel: 'ivr',
    webhookInstanceName: 'Hook',
    userIdentityType: 'resolve',
    message,
    identities,
  });
  const headers = { 'content-type': 'application/json' };
  let left = calls;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const { status, text } = await stage.call(url, { method: 'POST', path: koreUrl('ann', 'notify'), headers, body });
      if (status !== 200) throw new Error(`${status} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

async function importAll(stage: ApiStage, url: string, people: number): Promise<void> {
  if (people === 0) return;
  const lines = Array.from({ length: people }, (_, index) =>
    JSON.stringify({
      email: `person-${index}@example.com`,
      name: `Person ${index}`,
      locale: 'en',
      tags: ['employees'],
      addresses: [{ channel: 'msteams', channelId: `29:${index}` }],
    }),
  );
  const headers = { 'content-type': 'application/x-ndjson' };
  const put = { method: 'PUT', path: nativeUrl('ann', 'people'), headers, body: lines.join('\n') };
  const { status, text } = await stage.call(url, put);
  if (status !== 200) throw new Error(`${status} ${text}`);
}
