import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { untilFinished } from './support/beckon.ts';
import { openRehearsal } from './support/rehearsal.ts';

const PEOPLE = 1_000;
const NOTIFICATIONS = 4;
const RESTARTS = 4;

describe('SIGTERM', () => {
  it('in the middle of deliveries loses nobody, repeats nobody, and exits with 0', { timeout: 60_000 }, async () => {
    const rehearsal = await openRehearsal({ limits: 'off' });
    const { sandbox, botId } = rehearsal;
    try {
      const args = ['--database', `sqlite:${join(rehearsal.folder, 'beckon.db')}`];
      let server = await rehearsal.start(args);
      await rehearsal.importPeople(server.url, PEOPLE);
      sandbox.faults.add({ provider: 'teams', route: 'send', fault: { kind: 'slow', delayMs: 5 } });
      const ids: string[] = [];
      for (let index = 0; index < NOTIFICATIONS; index += 1) {
        ids.push(await rehearsal.notify(server.url, PEOPLE, `text ${index}`));
      }
      for (let restart = 1; restart <= RESTARTS; restart += 1) {
        const target = (NOTIFICATIONS * PEOPLE * restart) / (RESTARTS + 1);
        await sandbox.until(() => sandbox.ledger.total() >= target);
        assert.equal(await server.stop(), 0);
        server = await rehearsal.start(args);
      }
      const client = rehearsal.client(server.url);
      for (const requestId of ids) {
        const status = await untilFinished(server, () => client.status({ botId, requestId }));
        assert.deepEqual([status.status, status.count], ['SUCCESS', PEOPLE]);
      }
      // No answer was lost and no process died, so "at least once" is exactly once here.
      assert.equal(sandbox.ledger.total(), NOTIFICATIONS * PEOPLE);
    } finally {
      await rehearsal.close();
    }
  });
});
