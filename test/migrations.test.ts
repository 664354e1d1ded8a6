import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { systemClock } from '../src/model/clock.ts';
import { postgresDialect, sqliteDialect, translate } from '../src/store/dialect.ts';
import { MIGRATIONS, SCHEMA_VERSION } from '../src/store/migrations.ts';
import { inspectStore, openStore } from '../src/store/open.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { runCli } from './support/run-cli.ts';

const clock = systemClock;
const FIRST = MIGRATIONS.slice(0, 1).flat();
/** What a server of the first version had: a notification of two people, one of whom was reached. */
const DATA = [
  'CREATE TABLE schema_versions (version INTEGER PRIMARY KEY)',
  'INSERT INTO schema_versions VALUES (1)',
  `INSERT INTO notifications (bot_id, id, api, app_id, created_by, channel, channel_spelling, connection_id, resolve,
     lane, message, total, pending, delivered, created_at, updated_at, expires_at)
   VALUES ('st-1', 'ds-1', 'kore-v1', 'cs-1', 'u-1', 'slack', 'slack', 'dc-1', 1, 1, '{"type":"text","text":"x"}', 2, 1, 1, 1, 1, 2)`,
  `INSERT INTO batches (bot_id, notification_id, batch_no, queue, claimable_at, token, takeovers, recipients)
   VALUES ('st-1', 'ds-1', 0, '1/st-1/dc-1', 0, 3, 0, '[[1,"bo@example.com"]]')`,
  `INSERT INTO logs (bot_id, notification_id, seq, state, identity, attempts, maybe_doubled, at)
   VALUES ('st-1', 'ds-1', 0, 'delivered', 'ann@example.com', 1, 0, 1)`,
  `INSERT INTO people (bot_id, id, email, identities, tags, attributes)
   VALUES ('st-1', 'u-ann', 'ann@example.com', '[]', '[]', '{}')`,
  `INSERT INTO identities (bot_id, identity, person_id) VALUES ('st-1', 'ann@example.com', 'u-ann')`,
  `INSERT INTO addresses (bot_id, person_id, connection_id, channel, channel_id, source, at)
   VALUES ('st-1', 'u-ann', 'dc-1', 'slack', 'U1', 'import', 1)`,
];

const folder = mkdtempSync(join(tmpdir(), 'beckon-migrations-'));
let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
});
after(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

const DATABASES: Readonly<Record<string, () => Promise<string>>> = {
  SQLite: async () => {
    const path = join(folder, 'first.db');
    const database = new DatabaseSync(path);
    for (const sql of [...FIRST.map((part) => translate(part, sqliteDialect)), ...DATA]) database.exec(sql);
    database.close();
    return `sqlite:${path}`;
  },
  PostgreSQL: async () => {
    const url = await postgres.createDatabase();
    const client = new Client({ connectionString: url });
    await client.connect();
    for (const sql of [...FIRST.map((part) => translate(part, postgresDialect)), ...DATA]) await client.query(sql);
    await client.end();
    return url;
  },
};

describe('migrations', () => {
  for (const [name, create] of Object.entries(DATABASES)) {
    it(`a database of the first version comes up to date with everything in it: ${name}`, async () => {
      const store = await openStore(await create(), { clock });
      assert.equal(await store.schemaVersion(), SCHEMA_VERSION);
      const key = { botId: 'st-1', notificationId: 'ds-1' };
      const { pending, delivered } = (await store.findNotification(key))?.counts ?? {};
      assert.deepEqual([pending, delivered], [1, 1]);
      const queue = { lane: 'normal', size: 'large', botId: 'st-1', connectionId: 'dc-1' } as const;
      const [batch] = await store.claimDue({ queue, owner: 'me', leaseMs: 1_000, limit: 10 });
      assert.deepEqual([batch?.token, batch?.recipients.map(({ identity }) => identity)], [4, ['bo@example.com']]);
      assert.equal((await store.listLogs({ ...key, afterSeq: -1, limit: 10 })).length, 1);
      const resolved = await store.resolve({ botId: 'st-1', connectionId: 'dc-1', identities: ['ann@example.com'] });
      assert.equal(resolved.get('ann@example.com')?.address?.channelId, 'U1');
      await store.close();
    });
  }

  it('a newer schema that still serves this Beckon is worked on and left as it is, another is refused', async () => {
    const url = await postgres.createDatabase();
    const path = join(folder, 'compatible.db');
    const client = new Client({ connectionString: url });
    await client.connect();
    const databases = [
      { url, run: async (sql: string) => void (await client.query(sql)) },
      { url: `sqlite:${path}`, run: async (sql: string) => onFile(path, sql) },
    ];
    for (const { url, run } of databases) {
      await (await openStore(url, { clock })).close();
      await run(`INSERT INTO schema_versions VALUES (${SCHEMA_VERSION + 1}, ${SCHEMA_VERSION})`);
      const store = await openStore(url, { clock });
      assert.equal(await store.schemaVersion(), SCHEMA_VERSION + 1);
      await store.close();
      assert.equal((await inspectStore(url, { clock })).isCurrent, true);
      await run(`INSERT INTO schema_versions VALUES (${SCHEMA_VERSION + 2}, ${SCHEMA_VERSION + 1})`);
      await assert.rejects(openStore(url, { clock }), { name: 'SchemaTooNew' });
      assert.equal((await inspectStore(url, { clock })).isCurrent, false);
    }
    await client.end();
  });

  it('a server goes on asking while a newer one adds columns to what it asks for', async () => {
    const url = await DATABASES['PostgreSQL']?.();
    assert.ok(url !== undefined);
    const store = await openStore(url, { clock });
    const key = { botId: 'st-1', notificationId: 'ds-1' };
    const askEverything = async () => [
      await store.findNotification(key),
      await store.listPeople({ botId: 'st-1', afterId: '', limit: 10 }),
      await store.findPerson({ botId: 'st-1', personId: 'u-ann' }),
      await store.findPeople({ botId: 'st-1', personIds: ['u-ann'] }),
      await store.listLogs({ ...key, afterSeq: -1, limit: 10 }),
      await store.countReceipts(key),
      await store.listReceipts({ ...key, fromSeq: 0, toSeq: 9 }),
      await store.resolve({ botId: 'st-1', connectionId: 'dc-1', identities: ['ann@example.com'] }),
    ];
    // Prepared by this connection from now on.
    const before = await askEverything();
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    for (const { name } of rows) await client.query(`ALTER TABLE ${name} ADD COLUMN added TEXT`);
    await client.end();
    assert.deepEqual(await askEverything(), before);
    await store.close();
  });

  it('many processes that start at once migrate once, and all of them start', { timeout: 60_000 }, async () => {
    const url = await postgres.createDatabase();
    const results = await Promise.all(Array.from({ length: 5 }, () => runCli(['migrate', '--database', url])));
    for (const { code, stderr } of results) assert.equal(code, 0, stderr);
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ version: number }>('SELECT version FROM schema_versions ORDER BY version');
    await client.end();
    assert.deepEqual(
      rows.map(({ version }) => version),
      MIGRATIONS.map((_statements, index) => index + 1),
    );
  });

  it('a process waits its turn longer than any statement may take', { timeout: 60_000 }, async () => {
    const url = await postgres.createDatabase();
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query('SELECT pg_advisory_lock($1)', [0x6265636b]);
    const opening = openStore(url, { clock });
    await other.query('SELECT pg_sleep(4)');
    await other.end();
    const store = await opening;
    assert.equal(await store.schemaVersion(), SCHEMA_VERSION);
    await store.close();
  });

  it('a migration that fails half-way leaves the version before, whole', async () => {
    const url = await postgres.createDatabase();
    const client = new Client({ connectionString: url });
    await client.connect();
    // The second version wants to make this table.
    await client.query('CREATE TABLE silences (a INTEGER)');
    await assert.rejects(openStore(url, { clock }), /already exists/);
    const { rows } = await client.query<{ version: number }>('SELECT max(version) AS version FROM schema_versions');
    assert.equal(rows[0]?.version, 1);
    assert.equal((await client.query(`SELECT to_regclass('receipts') AS it`)).rows[0]?.it, null);
    await client.query('DROP TABLE silences');
    await client.end();
    await (await openStore(url, { clock })).close();
  });

  it('a migration that met a deadlock with a server at work is tried again', { timeout: 60_000 }, async () => {
    const url = await DATABASES['PostgreSQL']?.();
    assert.ok(url !== undefined);
    const other = new Client({ connectionString: url });
    await other.connect();
    // Whoever finds the deadlock is ended by it: the migration, which looks for one long before the other would.
    const name = new URL(url).pathname.slice(1);
    await other.query(`ALTER DATABASE ${name} SET deadlock_timeout = '3s'`);
    await other.query(`SET deadlock_timeout = '5min'`);
    // A migration changes notifications first and then this.
    await other.query('BEGIN; LOCK TABLE schema_versions IN ACCESS SHARE MODE');
    const opening = openStore(url, { clock });
    await untilWaiting(other);
    await other.query('SELECT count(*) FROM notifications');
    const { rows } = await other.query(`SELECT FROM pg_attribute WHERE attname = 'cancelled_at'`);
    assert.equal(rows.length, 0, 'the migration was not undone, so it met no deadlock');
    await other.query('COMMIT');
    const store = await opening;
    assert.equal(await store.schemaVersion(), SCHEMA_VERSION);
    const status = await store.findNotification({ botId: 'st-1', notificationId: 'ds-1' });
    assert.deepEqual([status?.counts.delivered, status?.cancelledAt], [1, null]);
    await store.close();
    await other.end();
  });

  it('a newer schema is refused in one sentence, by every command that opens it', async () => {
    const database = `sqlite:${join(folder, 'newer.db')}`;
    const store = await openStore(database, { clock });
    await store.close();
    const file = new DatabaseSync(join(folder, 'newer.db'));
    file.exec(`INSERT INTO schema_versions (version) VALUES (${SCHEMA_VERSION + 1})`);
    file.close();
    for (const command of [['migrate'], ['restore', '--mark']]) {
      const { code, stdout, stderr } = await runCli([...command, '--database', database]);
      assert.deepEqual([code, stdout], [78, '']);
      assert.match(stderr, /^beckon: The database has schema version \d+, .*: start a newer Beckon\.\n$/);
    }
  });
});

describe('a database file that is not sound', () => {
  it('is refused at the start in one sentence: no database at all, or its head overwritten', async () => {
    const path = join(folder, 'damaged.db');
    for (const damage of [Buffer.from('this was a database once'.repeat(400)), await headless()]) {
      writeFileSync(path, damage);
      const { code, stdout, stderr } = await runCli(['migrate', '--database', `sqlite:${path}`]);
      assert.deepEqual([code, stdout], [69, ''], stderr);
      assert.match(
        stderr,
        /^beckon: \S+damaged\.db is damaged, or is no SQLite database \([^)]+\): put a backup back\.\n$/,
      );
    }
  });

  it('is refused after an unclean stop when a page inside it is wrong', async () => {
    const path = join(folder, 'torn.db');
    await (await openStore(`sqlite:${path}`, { clock })).close();
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA journal_mode = WAL; INSERT INTO used_jtis VALUES ('cs', 'jti', 1)`);
    const whole = readFileSync(path);
    // The server was killed: its log is still there.
    const log = readFileSync(`${path}-wal`);
    database.close();
    const page = 4_096;
    whole.fill(0x5a, whole.length - 2 * page);
    writeFileSync(path, whole);
    writeFileSync(`${path}-wal`, log);
    const { code, stderr } = await runCli(['migrate', '--database', `sqlite:${path}`]);
    assert.equal(code, 69, stderr);
    assert.match(stderr, /^beckon: [^\n]*damaged[^\n]*put a backup back[^\n]*\n$/);
  });
});

/** Until the migration, alone with `client` on the database, waits for a lock. */
async function untilWaiting(client: Client): Promise<void> {
  const sql = `SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
               WHERE datname = current_database() AND NOT granted`;
  while ((await client.query(sql)).rows.length === 0) await new Promise(setImmediate);
}

function onFile(path: string, sql: string): void {
  const file = new DatabaseSync(path);
  file.exec(sql);
  file.close();
}

async function headless(): Promise<Buffer> {
  const path = join(folder, 'head.db');
  await (await openStore(`sqlite:${path}`, { clock })).close();
  const bytes = readFileSync(path);
  bytes.fill(0, 20, 2_000);
  return bytes;
}
