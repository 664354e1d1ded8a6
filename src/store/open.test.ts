import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { startPostgres, type TestPostgres } from '../../test/support/postgres.ts';
import { systemClock } from '../model/clock.ts';
import { SCHEMA_VERSION } from './migrations.ts';
import { openStore } from './open.ts';
import { StoreUnavailable } from './port/errors.ts';

const clock = systemClock;

describe('opening a SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-open-'));
  const path = join(folder, 'beckon.db');
  const url = `sqlite:${path}`;
  after(() => rmSync(folder, { recursive: true }));

  it('refuses a second process and says who holds it; a killed holder leaves nothing behind', async () => {
    const holder = spawnHolder(url);
    await once(holder.stdout, 'data');
    await assert.rejects(openStore(url, { clock }), (error: Error) => {
      assert.equal(error.name, 'StoreHeld');
      assert.match(error.message, new RegExp(`in use by process ${holder.pid} on `));
      return true;
    });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (await openStore(url, { clock })).close();
  });

  it('writes through WAL with synchronous=FULL', async () => {
    const store = await openStore(url, { clock });
    const reader = new DatabaseSync(path, { readOnly: true });
    assert.equal(reader.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
    reader.close();
    await store.close();
  });

  it('lets nothing become due, or wait longer, because the clock of the machine was set', async () => {
    let aheadMs = 0;
    const time = { ...systemClock, now: () => Date.now() + aheadMs };
    const store = await openStore('sqlite::memory:', { clock: time });
    await store.accept({ ...tinyRequest(0), delayMs: 600_000 });
    for (const stepMs of [3_600_000, -86_400_000]) {
      aheadMs += stepMs;
      const [state] = await store.listQueues({ after: null, limit: 1 });
      assert.ok(state !== undefined && state.dueInMs > 0 && state.dueInMs <= 600_000, String(state?.dueInMs));
    }
    await store.close();
  });

  it('refuses a schema from the future and leaves it as it is', async () => {
    const database = new DatabaseSync(path);
    database.exec(`INSERT INTO schema_versions (version) VALUES (${SCHEMA_VERSION + 1})`);
    database.close();
    await assert.rejects(openStore(url, { clock }), { name: 'SchemaTooNew', message: /start a newer Beckon/ });
  });

  it('says in one sentence that a folder cannot be written', async () => {
    await assert.rejects(openStore(`sqlite:${path}/below/a-file.db`, { clock }), {
      name: 'StoreUnavailable',
      message: /^cannot use .*below.*: ENOTDIR/,
    });
  });

  it('refuses counters that do not add up, whoever writes them', async () => {
    const file = join(folder, 'sums.db');
    await (await openStore(`sqlite:${file}`, { clock })).close();
    const database = new DatabaseSync(file);
    const insert = `INSERT INTO notifications (bot_id, id, api, app_id, created_by, channel, channel_spelling, connection_id,
        resolve, lane, message, total, pending, created_at, updated_at, expires_at)
      VALUES ('st', 'ds', 'native', 'cs', 'u', 'c', 'c', 'dc', 1, 1, '{}', 2, 1, 1, 1, 1)`;
    assert.throws(() => database.exec(insert), /CHECK constraint failed/);
    database.close();
  });
});

describe('opening PostgreSQL', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  it('lets many processes migrate the same database at once', async () => {
    const url = await postgres.createDatabase();
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(url, { clock })));
    assert.deepEqual(await Promise.all(stores.map((store) => store.schemaVersion())), Array(6).fill(SCHEMA_VERSION));
    await Promise.all(stores.map((store) => store.close()));
  });

  it('refuses a schema from the future', async () => {
    const url = await postgres.createDatabase();
    await (await openStore(url, { clock })).close();
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('INSERT INTO schema_versions (version) VALUES ($1)', [SCHEMA_VERSION + 1]);
    await client.end();
    await assert.rejects(openStore(url, { clock }), { name: 'SchemaTooNew' });
  });

  it('says that the server cannot be reached, without its password', async () => {
    await assert.rejects(openStore('postgres://beckon:hush@127.0.0.1:1/none', { clock }), (error: Error) => {
      assert.equal(error.name, 'StoreUnavailable');
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /hush/);
      return true;
    });
  });

  it('goes on after the server threw its connections out', async () => {
    const url = await postgres.createDatabase();
    const store = await openStore(url, { clock });
    const admin = new Client({ connectionString: postgres.adminUrl });
    await admin.connect();
    await store.ping();
    const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'beckon%'`;
    await Promise.allSettled([admin.query(kill), ...Array.from({ length: 20 }, () => store.ping())]);
    // The server ends its processes when they next look up; until then a connection of the pool may be a dying one.
    let isBack = false;
    for (let tries = 0; !isBack && tries < 50; tries += 1) {
      const [ping] = await Promise.allSettled([store.ping()]);
      isBack = ping.status === 'fulfilled';
      if (ping.status === 'rejected') assert.ok(ping.reason instanceof StoreUnavailable, String(ping.reason));
    }
    assert.ok(isBack);
    await admin.end();
    await store.close();
  });

  it('wakes other processes when something was accepted', async () => {
    const url = await postgres.createDatabase();
    const [here, there] = [await openStore(url, { clock }), await openStore(url, { clock })];
    const woken = new Promise<void>((resolve) => there.onWake(resolve));
    // LISTEN may take hold after the first notice: announce until it is heard.
    let heard = false;
    void woken.then(() => {
      heard = true;
    });
    for (let round = 0; !heard; round += 1) {
      await here.accept(tinyRequest(round));
    }
    await Promise.all([here.close(), there.close()]);
  });
});

function tinyRequest(round: number) {
  return {
    notification: {
      botId: 'st-1',
      id: `ds-${round}`,
      api: 'native',
      appId: 'cs',
      createdBy: 'u',
      channel: 'c',
      channelSpelling: 'c',
      connectionId: 'dc',
      resolve: true,
      lane: 'normal',
      message: { type: 'text', text: 'x' },
      total: 1,
      createdAt: 1,
      expiresAt: 2,
    },
    recipients: [{ seq: 0, identity: 'a', customMessage: null, parameters: null, attempts: 0, maybeSent: false }],
    delayMs: 0,
    idempotency: null,
  } as const;
}

function spawnHolder(url: string) {
  const script = `
    import { openStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
    import { systemClock } from ${JSON.stringify(new URL('../model/clock.ts', import.meta.url).href)};
    await openStore(${JSON.stringify(url)}, { clock: systemClock });
    console.log('held');
    setInterval(() => {}, 1000);
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}
