import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import type { LedgerRecipient } from '../src/client/recipient-documents.ts';
import type { SendBody } from '../src/client/send-documents.ts';
import { connectionId, derivedId } from '../src/model/ids.ts';
import { SCOPE_SEND } from '../src/model/tenancy.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import { leapAhead } from './support/leap.ts';

const SERVER = fileURLToPath(new URL('./support/travelling-server.ts', import.meta.url));
const botId = derivedId('st', 'fall-back receipts');
const clientId = derivedId('cs', 'fall-back receipts');
const clientSecret = 'fall-back-receipts-secret-of-more-than-32-bytes';
const folder = mkdtempSync(join(tmpdir(), 'beckon-fall-back-receipts-'));
const config = join(folder, 'beckon.yaml');
let sandbox: Sandbox;
let server: BeckonProcess;
let client: Client;

before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
  const { urls, credentials } = sandbox;
  const common = { limits: { perSecond: 0 }, allowPrivateNetwork: true };
  const windowTemplate = { name: 'notice', language: 'en_US' };
  const whatsapp = { channel: 'whatsapp', ...credentials.whatsapp, apiUrl: urls.whatsapp, windowTemplate, ...common };
  const sms = { channel: 'sms', provider: 'twilio', ...credentials.twilio, apiUrl: urls.twilio, ...common };
  const app = { clientId, name: 'Receipts', algorithm: 'HS256', clientSecret, bots: [botId], scopes: [SCOPE_SEND] };
  const bots = [{ id: botId, name: 'Receipts', connections: [whatsapp, sms] }];
  writeFileSync(config, stringify({ bots, apps: [app], limits: { perMinute: 0, perHour: 0 } }));
  server = await startBeckon(['--config', config, '--database', `sqlite:${join(folder, 'beckon.db')}`], SERVER);
  sandbox.webhooks.set('whatsapp', `${server.url}/channels/${connectionId(botId, 'whatsapp', null)}/events`);
  const token = await new SignJWT({ appId: clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1d')
    .sign(new TextEncoder().encode(clientSecret));
  client = createClient({ url: server.url, token });
});
after(async () => {
  await server.stop();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

/** Resolves with its id when WhatsApp has taken it, and has told of it whatever it tells. */
async function send(phone: string): Promise<string> {
  const body: SendBody = {
    channels: [{ channel: 'whatsapp' }, { channel: 'sms', receiptWithin: 'PT1H' }],
    message: { type: 'text', val: 'The water is off tomorrow' },
    recipients: [phone],
  };
  const { id } = await client.notifications.send({ botId, body });
  await sandbox.until(() => sandbox.ledger.countOf('whatsapp', digitsOf(phone)) === 1);
  await sandbox.webhooks.whenIdle();
  assert.equal((await client.notification({ botId, notificationId: id })).counts.pending, 1);
  return id;
}

async function recipientOf(notificationId: string): Promise<LedgerRecipient | undefined> {
  for (;;) {
    const { finishedAt } = await client.notification({ botId, notificationId });
    if (finishedAt !== null) return (await Array.fromAsync(client.recipients({ botId, notificationId })))[0];
    await pause(5);
  }
}

const digitsOf = (phone: string): string => phone.replace('+', '');
const [read, ignored, late] = ['+4915110000001', '+4915110000002', '+4915110000003'] as const;

test('who is told to have it gets no second message, who is not gets one, and what comes late is told', async () => {
  const told = await send(read);
  sandbox.whatsapp.change({ statuses: ['sent'] });
  const untold = await send(ignored);
  sandbox.whatsapp.change({ hold: true, statuses: ['sent', 'delivered'] });
  const overdue = await send(late);

  await leapAhead(server, 'SIGUSR2', null);
  assert.partialDeepStrictEqual(await recipientOf(told), {
    channel: 'whatsapp',
    state: 'delivered',
    tried: [],
    maybeDoubled: false,
    receipt: { state: 'read' },
  });
  assert.partialDeepStrictEqual(await recipientOf(untold), {
    channel: 'sms',
    state: 'delivered',
    tried: [{ channel: 'whatsapp', reason: 'no_receipt' }],
    maybeDoubled: false,
  });
  assert.equal((await recipientOf(overdue))?.maybeDoubled, false);
  assert.deepEqual(
    [read, ignored, late].map((phone) => sandbox.ledger.countOf('twilio', phone)),
    [0, 1, 1],
  );

  sandbox.whatsapp.change({ hold: false });
  await sandbox.webhooks.whenIdle();
  assert.partialDeepStrictEqual(await recipientOf(overdue), { channel: 'sms', maybeDoubled: true });
  assert.equal((await recipientOf(untold))?.maybeDoubled, false);
});
