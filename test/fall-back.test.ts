import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import type { Notification } from '../src/client/notification-documents.ts';
import type { LedgerRecipient } from '../src/client/recipient-documents.ts';
import type { SendBody } from '../src/client/send-documents.ts';
import { connectionId, derivedId } from '../src/model/ids.ts';
import { SCOPE_DIRECTORY, SCOPE_SEND } from '../src/model/tenancy.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import { runCli } from './support/run-cli.ts';

const botId = derivedId('st', 'fall-back');
const clientId = derivedId('cs', 'fall-back');
const clientSecret = 'fall-back-secret-of-more-than-32-bytes';
const folder = mkdtempSync(join(tmpdir(), 'beckon-fall-back-'));
const config = join(folder, 'beckon.yaml');
let sandbox: Sandbox;
let server: BeckonProcess;
let client: Client;
let token: string;

before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
  const { urls, credentials } = sandbox;
  const common = { limits: { perSecond: 0 }, allowPrivateNetwork: true };
  const teams = { channel: 'msteams', ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login, ...common };
  const sms = { channel: 'sms', provider: 'twilio', ...credentials.twilio, apiUrl: urls.twilio, ...common };
  const slack = { channel: 'slack', ...credentials.slack, apiUrl: urls.slack, ...common };
  const scopes = [SCOPE_SEND, SCOPE_DIRECTORY];
  const app = { clientId, name: 'Fall-back', algorithm: 'HS256', clientSecret, bots: [botId], scopes };
  const bots = [{ id: botId, name: 'Fall-back', connections: [teams, sms, slack] }];
  writeFileSync(config, stringify({ bots, apps: [app], limits: { perMinute: 0, perHour: 0 } }));
  server = await startBeckon(['--config', config, '--database', 'sqlite::memory:']);
  token = await new SignJWT({ appId: clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(clientSecret));
  client = createClient({ url: server.url, token });
  const addressed = (name: string) => [{ channel: 'msteams', channelId: `29:${name}` }];
  const people = [
    { email: 'ann@example.com', phone: '+4915110000001', addresses: addressed('ann') },
    { email: 'bob@example.com', phone: '+4915110000002' },
    { email: 'cyd@example.com', phone: '+4915110000003', addresses: addressed('cyd') },
    { email: 'dan@example.com' },
  ];
  const lines = people.map((person) => `${JSON.stringify(person)}\n`).join('');
  await client.importPeople({ botId, people: new Blob([lines]).stream(), mediaType: 'application/x-ndjson' });
  sandbox.people.change({ teams: [{ match: '29:cyd', state: 'blocked' }] });
});
after(async () => {
  await server.stop();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const RECIPIENTS = ['ann@example.com', 'bob@example.com', 'cyd@example.com', 'dan@example.com'];
const BODY: SendBody = {
  channels: [{ channel: 'msteams' }, { channel: 'sms', message: { type: 'text', val: 'Closed. Details: {link}' } }],
  message: { type: 'text', val: 'The office is closed today: {link}' },
  parameters: { link: 'https://a.example/1' },
  recipients: RECIPIENTS,
};

async function finish({ id: notificationId }: Pick<Notification, 'id'>): Promise<readonly LedgerRecipient[]> {
  for (;;) {
    const progress = server.next(/batch attempted/);
    const { finishedAt } = await client.notification({ botId, notificationId });
    if (finishedAt !== null) return Array.fromAsync(client.recipients({ botId, notificationId }));
    await progress;
  }
}

const send = (body: SendBody) => client.notifications.send({ botId, body });
const textsTo = (recipient: string) =>
  sandbox.ledger.entries({ recipient }).map(({ provider, text }) => [provider, text]);

test('each is reached over the first channel that reaches them, and over one alone', async () => {
  const notification = await send(BODY);
  const recipients = await finish(notification);
  assert.deepEqual(
    recipients.map(({ channel, connectionId: through, state, reason, tried }) => ({
      channel,
      through,
      state,
      reason,
      tried: tried.map(({ channel: before, reason: why }) => `${before}: ${why}`),
    })),
    [
      {
        channel: 'msteams',
        through: connectionId(botId, 'msteams', null),
        state: 'delivered',
        reason: null,
        tried: [],
      },
      ...[['msteams: not_associated'], ['msteams: blocked_by_recipient']].map((tried) => ({
        channel: 'sms',
        through: connectionId(botId, 'sms', null),
        state: 'delivered',
        reason: null,
        tried,
      })),
      {
        channel: 'sms',
        through: connectionId(botId, 'sms', null),
        state: 'failed',
        reason: 'not_associated',
        tried: ['msteams: not_associated'],
      },
    ],
  );
  assert.deepEqual(
    [sandbox.ledger.total('teams'), sandbox.ledger.total('twilio'), sandbox.ledger.total('slack')],
    [1, 2, 0],
  );
  assert.equal(sandbox.ledger.countOf('twilio', '+4915110000001'), 0);
  for (const phone of ['+4915110000002', '+4915110000003']) {
    assert.deepEqual(textsTo(phone), [['twilio', 'Closed. Details: https://a.example/1']]);
  }
  const { counts, reasons, channels } = await client.notification({ botId, notificationId: notification.id });
  assert.deepEqual([counts.delivered, counts.failed, reasons], [3, 1, { not_associated: 1 }]);
  assert.deepEqual(
    channels.map(({ channel }) => channel),
    ['msteams', 'sms'],
  );
});

test('a file says the same', async () => {
  const notification = await send(BODY);
  const recipients = await finish(notification);
  const request = { botId, notificationId: notification.id };
  const ndjson = await textOf(await client.exportRecipients({ ...request, mediaType: 'application/x-ndjson' }));
  const lines = ndjson.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line): unknown => JSON.parse(line)),
    recipients,
  );
  const rows: Record<string, string>[] = parse(
    await textOf(await client.exportRecipients({ ...request, mediaType: 'text/csv' })),
    {
      columns: true,
    },
  );
  assert.deepEqual(
    rows.map(({ channel, tried }) => [channel, tried]),
    [
      ['msteams', ''],
      ['sms', 'msteams: not_associated'],
      ['sms', 'msteams: blocked_by_recipient'],
      ['sms', 'msteams: not_associated'],
    ],
  );
});

test('the command line falls back too', async () => {
  const target = ['--url', server.url, '--bot', botId, '--token', token];
  const what = ['--channel', 'msteams', '--to', 'bob@example.com', '--text', 'Fire drill at ten'];
  const run = await runCli(['send', ...target, ...what, '--then', 'sms', '--watch']);
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(textsTo('+4915110000002').at(-1), ['twilio', 'Fire drill at ten']);
});

const textOf = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text();
