import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '../src/client/client.ts';
import type { Notification } from '../src/client/notification-documents.ts';
import { type ApiStage, botIdOf, openApiStage } from './support/api-stage.ts';
import type { BeckonProcess } from './support/beckon.ts';
import { leapAhead, type OwnTime, ownTimeOf } from './support/leap.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';

const SERVER = fileURLToPath(new URL('./support/travelling-server.ts', import.meta.url));
const PEOPLE = 6_000;
const HOUR = 3_600_000;
const WORDS = { channel: 'ivr', message: { type: 'text', val: 'Hello' } } as const;

let stage: ApiStage;
let postgres: TestPostgres;
before(async () => {
  [stage, postgres] = await Promise.all([openApiStage({ bots: ['sqlite', 'postgres'] }), startPostgres()]);
});
after(async () => {
  await stage.close();
  await postgres.stop();
});

for (const kind of ['sqlite', 'postgres'] as const) {
  describe(`recipients by a filter over the directory, on ${kind}`, () => {
    const botId = botIdOf(kind);
    let database: string;
    let time: OwnTime | null = null;
    let server: BeckonProcess;
    let client: Client;

    const start = async () => {
      server = await stage.start(['--database', database], SERVER);
      client = createClient({ url: server.url, token: await stage.sign({}) });
    };
    before(async () => {
      database = kind === 'sqlite' ? `sqlite:${join(stage.folder, 'filter.db')}` : await postgres.createDatabase();
      if (kind === 'postgres') time = await ownTimeOf(database);
      await start();
      const lines = Array.from({ length: PEOPLE }, (_, index) => {
        const tags = [
          index % 3 === 0 ? 'thirds' : 'others',
          ...(index < 30 ? ['few'] : []),
          ...(index % 2 ? ['odd'] : []),
        ];
        return `${JSON.stringify({ email: `${kind}-${index}@abc.com`, tags, attributes: { desk: index % 10 } })}\n`;
      });
      await client.importPeople({ botId, people: new Blob(lines).stream(), mediaType: 'application/x-ndjson' });
    });
    after(async () => {
      await server.stop();
      await time?.end();
    });
    const nameOf = (index: number) => `${kind}-${index}@abc.com`;
    const untilState = async (id: string, ...states: readonly Notification['state'][]) => {
      for (;;) {
        const found = await client.notification({ botId, notificationId: id });
        if (states.includes(found.state)) return found;
        await pause(5);
      }
    };
    const reached = (): string[] => {
      const { recipients } = stage.sandbox.ledger.counts();
      return Object.keys(recipients.hooks ?? {}).filter((identity) => identity.startsWith(kind));
    };

    it('sends to those who fit, once, and not to those who are left out', async () => {
      const { id } = await client.notifications.send({
        botId,
        body: {
          ...WORDS,
          recipients: { filter: { tags: { all: ['thirds', 'few'] }, attributes: { desk: { in: [0, 3, 6] } } } },
          exclude: { identities: [nameOf(3)] },
        },
      });
      const done = await untilState(id, 'finished');
      const expected = Array.from({ length: 30 }, (_, index) => index)
        .filter((index) => index % 3 === 0 && [0, 3, 6].includes(index % 10) && index !== 3)
        .map(nameOf);
      assert.deepEqual(reached().toSorted(), expected.toSorted());
      assert.deepEqual(
        [done.counts.total, done.counts.suppressed, done.reasons],
        [expected.length + 1, 1, { excluded: 1 }],
      );
    });

    it('goes on where a server died, and sends nobody anything before its time', async () => {
      const before = reached().length;
      const sendAt = new Date(Date.now() + HOUR / 2).toISOString();
      const { id } = await client.notifications.send({
        botId,
        body: { ...WORDS, sendAt, recipients: { filter: { tags: { any: ['thirds', 'others'], none: ['odd'] } } } },
      });
      const first = await client.notifications.send({ botId, body: { ...WORDS, recipients: [nameOf(2), nameOf(4)] } });
      await server.kill();
      await start();
      const scheduled = await untilState(id, 'scheduled');
      assert.deepEqual([scheduled.counts.total, scheduled.counts.pending], [PEOPLE / 2, PEOPLE / 2]);
      await untilState(first.id, 'finished');
      const rest = await client.notifications.send({
        botId,
        body: {
          ...WORDS,
          recipients: { filter: { everybody: true } },
          exclude: { notifications: [id], tags: ['odd'] },
          sendAt,
        },
      });
      const nobody = await untilState(rest.id, 'finished');
      assert.deepEqual([nobody.counts.suppressed, nobody.reasons], [PEOPLE, { excluded: PEOPLE }]);
      assert.equal(reached().length, before + 2);
      await leapAhead(server, 'SIGUSR2', time);
      const done = await untilState(id, 'finished');
      assert.deepEqual([done.counts.delivered, done.counts.total], [PEOPLE / 2, PEOPLE / 2]);
      const { counts } = await client.notification({ botId, notificationId: id });
      assert.equal(counts.delivered, PEOPLE / 2);
    });
  });
}
