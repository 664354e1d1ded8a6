import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '../src/client/client.ts';
import type { Notification } from '../src/client/notification-documents.ts';
import type { SendBody } from '../src/client/send-documents.ts';
import { type ApiStage, botIdOf, openApiStage } from './support/api-stage.ts';
import type { BeckonProcess } from './support/beckon.ts';
import { type Leap, leapAhead, type OwnTime, ownTimeOf } from './support/leap.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { runCli } from './support/run-cli.ts';

const SERVER = fileURLToPath(new URL('./support/travelling-server.ts', import.meta.url));
const HOUR = 3_600_000;

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
  describe(`a notification that has its time, on ${kind}`, () => {
    const botId = botIdOf(kind);
    let database: string;
    let time: OwnTime | null = null;
    let server: BeckonProcess;
    let client: Client;
    /** Of the server's clocks: the hour that it was when it started. */
    let startedAt: number;

    const start = async () => {
      server = await stage.start(['--database', database], SERVER);
      client = createClient({ url: server.url, token: await stage.sign({}) });
    };
    before(async () => {
      database = kind === 'sqlite' ? `sqlite:${join(stage.folder, 'timing.db')}` : await postgres.createDatabase();
      if (kind === 'postgres') time = await ownTimeOf(database);
      startedAt = Date.now();
      await start();
    });
    after(async () => {
      await server.stop();
      await time?.end();
    });

    const leap = (which: Leap) => leapAhead(server, which, time);
    const whenAhead = (ms: number): string => new Date(startedAt + ms).toISOString();
    /** A zone where the clocks read some minutes past this hour when the server started. */
    const zoneAt = (hour: number): string => {
      const ahead = ((hour - new Date(startedAt).getUTCHours() + 24 + 11) % 24) - 11;
      return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
    };
    const meet = (people: readonly object[]) => {
      const lines = people.map((person) => `${JSON.stringify(person)}\n`).join('');
      return client.importPeople({ botId, people: new Blob([lines]).stream(), mediaType: 'application/x-ndjson' });
    };
    const send = (recipients: readonly string[], more: Partial<SendBody>): Promise<Notification> => {
      const message = { type: 'text', val: 'Hello' } as const;
      return client.notifications.send({ botId, body: { channel: 'ivr', message, recipients, ...more } });
    };
    const show = ({ id }: Pick<Notification, 'id'>) => client.notification({ botId, notificationId: id });
    const reached = (): string[] => {
      const { recipients } = stage.sandbox.ledger.counts();
      return Object.keys(recipients.hooks ?? {})
        .filter((identity) => identity.startsWith(kind))
        .sort();
    };
    const untilEnded = async (notification: Notification, count: number) => {
      for (;;) {
        const { counts } = await show(notification);
        if (counts.total - counts.pending >= count) return;
        await pause(5);
      }
    };

    it('is said on the command line', async () => {
      const target = ['--url', server.url, '--token', await stage.sign({}), '--bot', botId];
      const what = ['--channel', 'ivr', '--to', `${kind}-cli@abc.com`, '--text', 'Hello'];
      const when = ['--at', '90d', '--window', 'mon-fri 08:00-18:00', '--quiet', '12:00-13:00 UTC', '--expires', '7d'];
      const told = await runCli(['send', ...target, ...what, ...when, '--json-output']);
      const sent: Notification = JSON.parse(told.stdout);
      assert.partialDeepStrictEqual(await show(sent), {
        state: 'scheduled',
        window: { from: '08:00', until: '18:00', days: ['mon', 'tue', 'wed', 'thu', 'fri'] },
        quietHours: [{ from: '12:00', until: '13:00', timeZone: 'UTC' }],
      });
      assert.equal(Date.parse(sent.expiresAt) - Date.parse(sent.sendAt ?? ''), 7 * 24 * HOUR);
      const inWords = await runCli(['send', ...target, ...what, '--at', '90d']);
      assert.match(inWords.stdout, /^Accepted 1 recipient as ds-.*\nNothing is sent before 2.*beckon cancel ds-/);
      const wrong = await runCli(['send', ...target, ...what, '--window', 'all day']);
      assert.deepEqual([wrong.code, /--window: "all day" are no hours/.test(wrong.stderr)], [2, true]);
    });

    it('is given another time, which holds over a restart, and not once it has begun', async () => {
      const name = `moved-${kind}@abc.com`;
      const { id, expiresAt } = await send([name], { sendAt: whenAhead(90 * 24 * HOUR), priority: 'bulk' });
      const key = { botId, notificationId: id };
      const target = ['--url', server.url, '--token', await stage.sign({}), '--bot', botId];
      const told = await runCli(['reschedule', id, ...target, '--at', '60d', '--priority', 'normal', '--json-output']);
      const moved: Notification = JSON.parse(told.stdout);
      assert.deepEqual([moved.state, moved.priority], ['scheduled', 'normal']);
      const day = 24 * HOUR;
      const earlierBy = Date.parse(expiresAt) - Date.parse(moved.expiresAt);
      assert.ok(Math.abs(earlierBy - 30 * day) < HOUR, `${earlierBy}`);
      await assert.rejects(client.reschedule({ ...key, body: {} }), { code: 'body_invalid' });
      const inHours = await client.reschedule({ ...key, body: { window: { from: '08:00', until: '18:00' } } });
      assert.deepEqual([inHours.window?.from, inHours.sendAt], ['08:00', moved.sendAt]);
      await stage.hangUp(server.url);
      await server.stop();
      await start();
      const again = ['--url', server.url, '--token', await stage.sign({}), '--bot', botId];
      const now = await runCli(['reschedule', id, ...again, '--now', '--any-time']);
      assert.match(now.stdout, /^ds-.* is sent from now on and expires at 2/);
      await untilEnded(moved, 1);
      assert.equal((await show(moved)).counts.delivered, 1);
      await assert.rejects(client.reschedule({ ...key, body: { sendAt: null } }), { code: 'notification_begun' });
      const nothing = await runCli(['reschedule', id, ...again]);
      assert.deepEqual([nothing.code, /To when\?/.test(nothing.stderr)], [2, true]);
    });

    it('waits for sendAt and for the hours of each recipient, over a restart, and expires in time', async () => {
      const [noon, seven, five, later, never, gone] = ['noon', 'seven', 'five', 'later', 'never', 'gone'].map(
        (name) => `${kind}-${name}@abc.com`,
      ) as [string, string, string, string, string, string];
      await meet([
        { email: noon, timeZone: zoneAt(12) },
        { email: seven, timeZone: zoneAt(7) },
        { email: five, timeZone: zoneAt(5) },
        { email: never, timeZone: zoneAt(21) },
      ]);
      const window = { from: '08:00', until: '18:00' };
      const daily = await send([noon, seven, five], { window });
      assert.deepEqual(daily.window, { ...window, timeZone: 'person', fallbackTimeZone: 'UTC' });
      const scheduled = await send([later], { sendAt: whenAhead(HOUR / 2) });
      assert.deepEqual([scheduled.state, scheduled.sendAt], ['scheduled', whenAhead(HOUR / 2)]);
      const short = await send([never], { window, expiresAt: whenAhead(8 * HOUR) });
      const outlived = await send([gone], { sendAt: whenAhead(5 * HOUR), expiresAt: whenAhead(6 * HOUR) });
      const cancelled = await send([gone], { sendAt: whenAhead(5 * HOUR) });
      assert.deepEqual((await client.cancel({ botId, notificationId: cancelled.id })).cancelled, 1);

      await Promise.all([untilEnded(daily, 1), untilEnded(short, 1)]);
      assert.deepEqual(reached(), [noon]);
      assert.deepEqual((await show(short)).reasons, { window_missed: 1 });
      assert.equal((await show(daily)).state, 'sending');

      await stage.hangUp(server.url);
      assert.equal(await server.stop(), 0);
      await start();
      assert.equal((await show(scheduled)).state, 'scheduled');
      await leap('SIGUSR2');
      await Promise.all([untilEnded(daily, 2), untilEnded(scheduled, 1)]);
      assert.deepEqual(reached(), [later, noon, seven]);
      assert.equal((await show(scheduled)).state, 'finished');

      await leap('SIGUSR2');
      assert.deepEqual([(await show(daily)).counts.pending, reached().length], [1, 3]);
      await leap('SIGUSR2');
      await untilEnded(daily, 3);
      assert.deepEqual(reached(), [five, later, noon, seven]);

      // As if the server had been down until everything was over.
      await leap('SIGHUP');
      await untilEnded(outlived, 1);
      assert.deepEqual((await show(outlived)).reasons, { expired: 1 });
      assert.deepEqual([(await show(cancelled)).state, reached().length], ['cancelled', 4]);
    });
  });
}
