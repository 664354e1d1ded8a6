import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { startPostgres, type TestPostgres } from '../../test/support/postgres.ts';
import { type AuditHead, type AuditRecord, findBreak, NO_HEAD } from '../model/audit.ts';
import { systemClock } from '../model/clock.ts';
import { randomId } from '../model/ids.ts';
import { LOG_TIME, personOf } from './exam-samples.ts';
import { openStore } from './open.ts';
import type { Store } from './port.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-audit-'));
let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
});
after(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

/** Somebody with the database's own password. */
interface Intruder {
  run(sql: string): Promise<unknown>;
  readonly disarm: string;
  close(): Promise<void>;
}

const DATABASES: Readonly<Record<string, () => Promise<{ readonly url: string; open(): Promise<Intruder> }>>> = {
  SQLite: async () => {
    const path = join(folder, 'audit.db');
    const disarm = 'DROP TRIGGER audit_refuse_update; DROP TRIGGER audit_refuse_delete';
    const open = async () => {
      const database = new DatabaseSync(path);
      return { disarm, run: async (sql: string) => database.exec(sql), close: async () => database.close() };
    };
    return { url: `sqlite:${path}`, open };
  },
  PostgreSQL: async () => {
    const url = await postgres.createDatabase();
    const open = async () => {
      const client = new Client({ connectionString: url });
      await client.connect();
      const disarm = 'ALTER TABLE audit DISABLE TRIGGER ALL';
      return { disarm, run: (sql: string) => client.query(sql), close: () => client.end() };
    };
    return { url, open };
  },
};

/** Five changes of a new bot. */
async function change(store: Store): Promise<string> {
  const botId = randomId('st');
  const who = { botId, at: LOG_TIME, appId: 'cs-1', subject: 'ann', action: 'importPeople' };
  const what = { target: null, before: null, after: null, ip: '::1' };
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    await store.upsertPeople({ people: [personOf(botId, `${name}@b.c`, {})], audit: { ...who, ...what } });
  return botId;
}

async function findFault(store: Store, botId: string): Promise<string | null> {
  let head: AuditHead = NO_HEAD;
  for (const record of await store.listAudit({ botId, newestFirst: false, from: 1, limit: 100 })) {
    const fault = findBreak(record, head);
    if (fault !== null) return fault;
    head = record;
  }
  const end = await store.findAuditHead({ botId });
  return head.hash === end.hash ? null : `ends with ${head.seq} and not ${end.seq}`;
}

const COLUMNS: Partial<Record<keyof AuditRecord, string>> = {
  at: '1',
  appId: "'cs-2'",
  subject: "'bob'",
  action: "'x'",
  target: "'x'",
  before: "'x'",
  after: "'x'",
  ip: 'NULL',
  previous: "'x'",
  hash: "'x'",
};

for (const [name, create] of Object.entries(DATABASES)) {
  describe(`the audit on ${name}`, () => {
    let store: Store;
    let intruder: Intruder;
    before(async () => {
      const { url, open } = await create();
      store = await openStore(url, { clock: systemClock });
      intruder = await open();
    });
    after(async () => {
      await intruder.close();
      await store.close();
    });

    it('can be added to and nothing else, by the database itself', async () => {
      const botId = await change(store);
      const attempts = ["UPDATE audit SET subject = 'bob' WHERE seq = 2", 'DELETE FROM audit WHERE seq = 5'];
      if (store.kind === 'postgres') attempts.push('TRUNCATE audit');
      for (const sql of attempts) await assert.rejects(intruder.run(sql), /audit is append-only/, sql);
      assert.equal(await findFault(store, botId), null);
      await intruder.run(intruder.disarm);
    });

    for (const [field, value] of Object.entries(COLUMNS)) {
      it(`shows that somebody who could took a hand to ${field}`, async () => {
        const botId = await change(store);
        const column = field === 'appId' ? 'app_id' : field;
        await intruder.run(`UPDATE audit SET ${column} = ${value} WHERE seq = 3 AND bot_id = '${botId}'`);
        assert.match((await findFault(store, botId)) ?? '', /entry 3 (was changed|does not follow)/);
      });
    }

    const cuts = { 'the first': 'seq = 1', 'one between': 'seq = 3', 'the last': 'seq = 5', all: 'seq > 0' };
    for (const [which, where] of Object.entries(cuts)) {
      it(`shows that somebody who could took ${which} away`, async () => {
        const botId = await change(store);
        await intruder.run(`DELETE FROM audit WHERE ${where} AND bot_id = '${botId}'`);
        assert.match((await findFault(store, botId)) ?? '', /is missing|ends with/);
      });
    }
  });
}
