import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { type ApiAnswer, type ApiStage, koreUrl, openApiStage } from '../support/api-stage.ts';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

const RACING = fileURLToPath(new URL('../support/racing-server.ts', import.meta.url));

export const oneKeyOnPostgres: Fault = {
  id: 'F40',
  title: '100 calls at once with one Idempotency-Key, 3 nodes',
  run: (parts) => callWithOneKey({ keys: 200, calls: 100, nodes: 3 }, parts),
};

export const oneKeyOnSqlite: Fault = {
  id: 'F40',
  title: '100 calls at once with one Idempotency-Key, SQLite',
  run: (parts) => callWithOneKey({ keys: 200, calls: 100, nodes: 1 }, parts),
  control: (parts) => callWithOneKey({ keys: 5, calls: 100, nodes: 1, script: RACING }, parts),
};

interface OneKeyOptions {
  readonly keys: number;
  /** With the same key, at once. */
  readonly calls: number;
  /** One works on SQLite, several share a PostgreSQL. */
  readonly nodes: number;
  readonly script?: string;
  /** Where it is; absent: one of its own for several nodes. */
  readonly database?: string;
}

/** Every key gets its notification once, whoever of the callers was first, and every caller the same answer. */
export async function callWithOneKey(options: OneKeyOptions, { seed }: FaultParts): Promise<Finding> {
  const { keys, calls } = options;
  const stage = await openApiStage({ bots: ['ann'] });
  const postgres = options.nodes > 1 && options.database === undefined ? await startPostgres() : null;
  try {
    const sqlite = join(stage.folder, 'beckon.db');
    const database = options.database ?? (await postgres?.createDatabase()) ?? `sqlite:${sqlite}`;
    const nodes: BeckonProcess[] = [];
    for (let node = 0; node < options.nodes; node += 1) {
      nodes.push(
        await stage.start(['--database', database, '--linger-ms', '0', '--log-level', 'warn'], options.script),
      );
    }
    const tally = { bodies: 0, refused: 0, firsts: 0 };
    for (let key = 0; key < keys; key += 1) {
      const answers = await Promise.all(
        Array.from({ length: calls }, (_, call) =>
          post(stage, nodes[call % nodes.length]?.url ?? '', `${seed}-${key}`),
        ),
      );
      const good = answers.filter(({ status }) => status === 200);
      tally.refused += calls - good.length;
      tally.bodies += new Set(good.map(({ text }) => text)).size;
      tally.firsts += good.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length;
    }
    await Promise.all(nodes.map((node) => node.stop()));
    const notifications = await countNotifications(database, sqlite);
    return {
      figure: `${keys} keys, ${keys * calls} calls: ${notifications} notifications, ${tally.bodies} different bodies, ${tally.firsts} first answers, ${tally.refused} refused`,
      bar: `${keys} notifications, bodies and first answers, 0 refused`,
      ok: notifications === keys && tally.bodies === keys && tally.firsts === keys && tally.refused === 0,
    };
  } finally {
    await stage.close();
    await postgres?.stop();
  }
}

/** Comes again when the server is busy, as its answer asks for. */
async function post(stage: ApiStage, url: string, key: string): Promise<ApiAnswer> {
  for (;;) {
    const answer = await stage.call(url, {
      method: 'POST',
      path: koreUrl('ann', 'notify'),
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({
        channel: 'ivr',
        webhookInstanceName: 'Hook',
        userIdentityType: 'resolve',
        message: { type: 'text', val: `once ${key}` },
        identities: ['person@example.com'],
      }),
    });
    if (answer.status !== 503) return answer;
    await delay(20);
  }
}

async function countNotifications(database: string, sqlite: string): Promise<number> {
  const sql = 'SELECT count(*) AS count FROM notifications';
  if (database.startsWith('sqlite:')) {
    const opened = new DatabaseSync(sqlite, { readOnly: true });
    const row = opened.prepare(sql).get();
    opened.close();
    return Number(row?.['count']);
  }
  const client = new Client({ connectionString: database });
  await client.connect();
  const { rows } = await client.query<{ count: string }>(sql);
  await client.end();
  return Number(rows[0]?.count);
}
