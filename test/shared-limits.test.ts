import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type BeckonProcess, untilFinished } from './support/beckon.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { openRehearsal } from './support/rehearsal.ts';

const PEOPLE = 250;
/** Teams: so many calls of one app in a tenant, in any second. */
const ALLOWED = 30;
const GREEDY = fileURLToPath(new URL('support/greedy-server.ts', import.meta.url));

describe('two servers over one PostgreSQL, before a provider with limits', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  /** Both have plenty to do; answers the most calls that the provider counted within a second, and how long it took. */
  async function rehearse(limits: 'documented' | 'off', script?: string) {
    const rehearsal = await openRehearsal({ limits, perSecond: null });
    try {
      const args = ['--database', await postgres.createDatabase()];
      const servers = await Promise.all([rehearsal.start(args, script), rehearsal.start(args, script)]);
      const [first] = servers;
      await rehearsal.importPeople(first.url, PEOPLE);
      const id = await rehearsal.notify(first.url, PEOPLE, 'shared');
      const client = rehearsal.client(first.url);
      // Whoever has the last batch.
      const either = { next: (line: RegExp) => Promise.race(servers.map((server) => server.next(line))) };
      const status = await untilFinished(either, () => client.status({ botId: rehearsal.botId, requestId: id }));
      assert.equal(status.status, 'SUCCESS');
      for (const server of servers) assert.ok(batchesOf(server) > 0, 'both took part');
      const times = rehearsal.sandbox.ledger.entries({ provider: 'teams' }).map(({ at }) => at);
      return { most: mostWithin(1_000, times), lastedMs: Math.max(...times) - Math.min(...times) };
    } finally {
      await rehearsal.close();
    }
  }

  it('keep to them together', { timeout: 60_000 }, async () => {
    const { most, lastedMs } = await rehearse('documented');
    assert.ok(most <= ALLOWED, `${most} calls within a second`);
    assert.ok(lastedMs < (PEOPLE / ALLOWED) * 1_000 * 2, `it took ${lastedMs} ms`);
  });

  it('would not, if each took all for itself: the same look finds it', { timeout: 60_000 }, async () => {
    const { most } = await rehearse('off', GREEDY);
    assert.ok(most > ALLOWED, `${most} calls within a second`);
  });
});

const mostWithin = (ms: number, times: readonly number[]): number =>
  Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + ms).length));

const batchesOf = (server: BeckonProcess): number => server.lines.filter((line) => /batch attempted/.test(line)).length;
