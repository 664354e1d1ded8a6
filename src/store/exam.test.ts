import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { startPostgres, type TestPostgres } from '../../test/support/postgres.ts';
import { shardByBot } from '../../test/support/sharded-database.ts';
import { systemClock } from '../model/clock.ts';
import { openStoreApart } from './apart.ts';
import { examineStore } from './exam.ts';
import { openStore } from './open.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-exam-'));
let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
});
after(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

const options = { clock: systemClock };
examineStore('SQLite in memory', () => openStore('sqlite::memory:', options));
examineStore('SQLite in a file', () => openStore(`sqlite:${join(folder, 'new', 'beckon.db')}`, options));
examineStore('SQLite in a thread of its own', () => openStoreApart(`sqlite:${join(folder, 'apart.db')}`));
examineStore('PostgreSQL', async () => openStore(await postgres.createDatabase(), options));
examineStore('PostgreSQL, sharded by bot', async () => {
  const url = await postgres.createDatabase();
  await shardByBot(url);
  return openStore(url, options);
});
