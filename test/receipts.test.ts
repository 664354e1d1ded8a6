import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import { connectionId, derivedId } from '../src/model/ids.ts';
import { SCOPE_SEND } from '../src/model/tenancy.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';

const botId = derivedId('st', 'receipts');
const clientId = derivedId('cs', 'receipts');
const clientSecret = 'receipts-secret-of-more-than-32-bytes';
const folder = mkdtempSync(join(tmpdir(), 'beckon-receipts-'));
const config = join(folder, 'beckon.yaml');
let sandbox: Sandbox;
let server: BeckonProcess;
let client: Client;

before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
  const whatsapp = {
    channel: 'whatsapp',
    ...sandbox.credentials.whatsapp,
    apiUrl: sandbox.urls.whatsapp,
    windowTemplate: { name: 'notice', language: 'en_US' },
    allowPrivateNetwork: true,
  };
  const app = { clientId, name: 'Receipts', algorithm: 'HS256', clientSecret, bots: [botId], scopes: [SCOPE_SEND] };
  const bots = [{ id: botId, name: 'Receipts', connections: [whatsapp] }];
  writeFileSync(config, stringify({ bots, apps: [app] }));
  server = await startBeckon(['--config', config, '--database', 'sqlite::memory:']);
  sandbox.webhooks.set('whatsapp', `${server.url}/channels/${connectionId(botId, 'whatsapp', null)}/events`);
  const token = await new SignJWT({ appId: clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(clientSecret));
  client = createClient({ url: server.url, token });
});
after(async () => {
  await server.stop();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const bodyOf = (value: string, phones: readonly string[]) => ({
  channel: 'whatsapp',
  message: { type: 'text' as const, value },
  identities: phones.map((phoneNumber) => ({ phoneNumber })),
});

/** Resolves when they all have it, and all that is to be told of it was taken in. */
async function send(text: string, ...phones: readonly string[]): Promise<string> {
  const reached = sandbox.ledger.total() + phones.length;
  const job = await client.notifyV2({ botId, body: bodyOf(text, phones) });
  await sandbox.until(() => sandbox.ledger.total() >= reached);
  await sandbox.webhooks.whenIdle();
  return /ds-[0-9a-f-]{36}/.exec(JSON.stringify(job))?.[0] ?? '';
}

const receiptsOf = async (notificationId: string) => (await client.notification({ botId, notificationId })).receipts;
const bodiesTo = (recipient: string) =>
  sandbox.ledger.entries({ recipient }).map(({ body }): { type?: string } => JSON.parse(body ?? '{}'));

test('what became of a message with each of three people comes back', async () => {
  const id = await send('Lunch is ready', '4915110000001', '4915110000002', '9990131026001');
  assert.deepEqual(await receiptsOf(id), { sent: 0, failed: 1, delivered: 0, read: 2 });
});

test('told twice, backwards and together, it is counted once', async () => {
  sandbox.whatsapp.change({ hold: true, statuses: ['read', 'delivered', 'sent'], times: 2, batch: 4 });
  const id = await send('Lunch is over', '4915110000001', '4915110000002', '9990131026001');
  assert.deepEqual(await receiptsOf(id), { sent: 0, failed: 0, delivered: 0, read: 0 });
  sandbox.whatsapp.change({ hold: false });
  await sandbox.webhooks.whenIdle();
  assert.deepEqual(await receiptsOf(id), { sent: 0, failed: 1, delivered: 0, read: 2 });
  sandbox.reset();
});

test('whoever has written gets the words themselves, everybody else the template', async () => {
  await sandbox.whatsapp.write({ from: '4915110000003' });
  const id = await send('How are you?', '4915110000003', '4915110000004');
  assert.deepEqual(
    ['4915110000003', '4915110000004'].map((phone) => bodiesTo(phone)[0]?.type),
    ['text', 'template'],
  );
  assert.deepEqual(await receiptsOf(id), { sent: 0, failed: 0, delivered: 0, read: 2 });
});

test('somebody who took a username is still reached by the number', async () => {
  await sandbox.whatsapp.write({ from: '4915110000005', userId: 'DE.5' });
  await sandbox.whatsapp.write({ userId: 'DE.5' });
  await send('Are you still there?', '4915110000005');
  assert.equal(sandbox.ledger.countOf('whatsapp', 'DE.5'), 1);
  assert.equal(sandbox.ledger.countOf('whatsapp', '4915110000005'), 0);
});

test('somebody who stopped marketing messages gets none until they resume', async () => {
  await sandbox.whatsapp.prefer({ from: '4915110000006' }, 'stop');
  const reached = sandbox.ledger.total() + 1;
  await client.notifyV2({ botId, body: bodyOf('An offer', ['4915110000006', '4915110000007']) });
  await sandbox.until(() => sandbox.ledger.total() >= reached);
  await sandbox.whatsapp.prefer({ from: '4915110000006' }, 'resume');
  await send('Welcome back', '4915110000006');
  const said = sandbox.ledger.entries({ recipient: '4915110000006' }).map(({ body }) => body ?? '');
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /Welcome back/);
});
