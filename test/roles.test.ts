import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { untilFinished } from './support/beckon.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { openRehearsal } from './support/rehearsal.ts';

const PEOPLE = 150;

describe('roles', () => {
  it('are refused where there can be one process only', async () => {
    const rehearsal = await openRehearsal({ limits: 'off' });
    try {
      const started = rehearsal.start(['--database', 'sqlite::memory:', '--role', 'api']);
      await assert.rejects(started, /needs a --database/);
    } finally {
      await rehearsal.close();
    }
  });

  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  it('are divided: one process takes requests, the other sends', { timeout: 60_000 }, async () => {
    const rehearsal = await openRehearsal({ limits: 'off' });
    try {
      const database = ['--database', await postgres.createDatabase()];
      const api = await rehearsal.start([...database, '--role', 'api']);
      await rehearsal.importPeople(api.url, PEOPLE);
      const id = await rehearsal.notify(api.url, PEOPLE, 'hello');
      const worker = await rehearsal.start([...database, '--role', 'worker']);
      const client = rehearsal.client(api.url);
      const status = await untilFinished(worker, () => client.status({ botId: rehearsal.botId, requestId: id }));
      assert.equal(status.status, 'SUCCESS');
      assert.equal(api.lines.filter((line) => /batch attempted/.test(line)).length, 0, 'the api sent nothing');
      const routes = ['/healthz', '/readyz', '/.well-known/jwks.json', '/api/v1/people'];
      const statuses = async (url: string) =>
        Promise.all(routes.map(async (route) => (await fetch(new URL(route, url))).status));
      assert.deepEqual((await statuses(worker.url)).slice(0, 4), [200, 200, 404, 404]);
      assert.deepEqual((await statuses(api.url)).slice(0, 3), [200, 200, 200]);
      assert.deepEqual(await Promise.all([api.stop(), worker.stop()]), [0, 0]);
    } finally {
      await rehearsal.close();
    }
  });
});
