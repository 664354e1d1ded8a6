import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { untilFinished } from './support/beckon.ts';
import { openRehearsal, type Rehearsal } from './support/rehearsal.ts';

const PEOPLE = 30;

describe('what goes on', () => {
  let rehearsal: Rehearsal;
  before(async () => {
    rehearsal = await openRehearsal({ limits: 'off' });
  });
  after(() => rehearsal.close());

  it('is told by minute, reason and connection, also by a server that was not there', async () => {
    const { botId } = rehearsal;
    const args = ['--database', `sqlite:${join(rehearsal.folder, 'beckon.db')}`];
    const first = await rehearsal.start(args);
    await rehearsal.importPeople(first.url, PEOPLE);
    const id = await rehearsal.notify(first.url, PEOPLE + 2, 'hello');
    const client = rehearsal.client(first.url);
    await untilFinished(first, () => client.status({ botId, requestId: id }));
    assert.equal(await first.stop(), 0);

    const second = await rehearsal.start(args);
    const { overview, timeline } = rehearsal.client(second.url);
    const { minutes, reasons, connections, running } = await overview({ botId, minutes: 1_440 });
    assert.equal(minutes.length, 1_440);
    assert.equal(
      minutes.reduce((sum, { delivered }) => sum + delivered, 0),
      PEOPLE,
    );
    assert.equal(
      minutes.reduce((sum, { failed }) => sum + failed, 0),
      2,
    );
    assert.deepEqual(
      reasons.map(({ state, reason, count }) => [state, reason, count]),
      [['failed', 'not_associated', 2]],
    );
    const [teams] = connections;
    assert.deepEqual([teams?.channel, teams?.health, teams?.delivered, teams?.failed], ['msteams', 'idle', PEOPLE, 2]);
    assert.deepEqual(running, { notifications: 0, recipients: 0, isMore: false });

    const { total, points } = await timeline({ botId, notificationId: id });
    assert.deepEqual([total, points[0]?.pending], [PEOPLE + 2, PEOPLE + 2]);
    const last = points.at(-1);
    assert.deepEqual([last?.pending, last?.delivered, last?.failed], [0, PEOPLE, 2]);
    for (const point of points) {
      const { at: _, ...counts } = point;
      assert.equal(
        Object.values(counts).reduce((sum, count) => sum + count, 0),
        total,
      );
    }
    assert.deepEqual(
      points.map(({ at }) => at),
      points.map(({ at }) => at).toSorted(),
    );
  });
});
