import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient, type SendBody } from '../src/client/client.ts';
import { sandboxConfig } from '../src/commands/sandbox-config.ts';
import { connectionId } from '../src/model/ids.ts';
import { isJsonObject } from '../src/model/json.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { writeBounce } from '../src/sandbox/smtp/bounce.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';

const BOUNCE_SECRET = 'the-mail-server-and-we-know-this';
const folder = mkdtempSync(join(tmpdir(), 'beckon-opting-out-'));
const config = join(folder, 'beckon.yaml');
let sandbox: Sandbox;
let server: BeckonProcess;
let client: Client;
let botId: string;
let token: string;

before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
  const sample = sandboxConfig(sandbox);
  botId = sample.botId;
  const file = structuredClone(sample.file);
  const { secret } = configure(file);
  writeFileSync(config, stringify(file, { aliasDuplicateObjects: false }));
  const port = await findPort();
  const url = `http://127.0.0.1:${port}`;
  const at = ['--port', String(port), '--public-url', `${url}/`];
  server = await startBeckon([...at, '--config', config, '--database', 'sqlite::memory:']);
  for (const [provider, channel] of [
    ['twilio', 'sms'],
    ['whatsapp', 'whatsapp'],
    ['googlechat', 'hangoutchat'],
  ] as const) {
    sandbox.webhooks.set(provider, `${url}/channels/${connectionId(botId, channel, null)}/events`);
  }
  token = await new SignJWT({ appId: sample.clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
  client = createClient({ url: server.url, token });
});
after(async () => {
  await server.stop();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

test('a text message is delivered, or is told why not; who says stop gets no more until they start', async () => {
  const ann = '+4915110000001';
  const id = await send('sms', { phoneNumber: ann }, { phoneNumber: '+999300030001' });
  await sandbox.webhooks.whenIdle();
  assert.deepEqual(await receiptsOf(id), { sent: 0, delivered: 1, read: 0, failed: 1 });

  assert.equal((await sandbox.twilio.say(ann, 'Stop!'))?.status, 200);
  // The simulated Twilio keeps no list of its own for this word, so that what follows is our doing.
  assert.equal(await countsAfter('sms', { phoneNumber: ann }), 'suppressed');
  assert.equal(await countsAfter('sms', { phoneNumber: '49 151 10000001' }), 'suppressed');
  assert.equal(sandbox.ledger.countOf('twilio', ann), 1);
  await sandbox.twilio.say(ann, 'START');
  assert.equal(await countsAfter('sms', { phoneNumber: ann }), 'delivered');
});

for (const [channel, say] of [
  ['sms', (from: string, text: string) => sandbox.twilio.say(from, text)],
  ['whatsapp', (from: string, text: string) => sandbox.whatsapp.write({ from: from.slice(1) }, text)],
] as const) {
  test(`STOP and the word of a category, over ${channel}, declines that category and nothing else; STOP alone all`, async () => {
    const gus = '+4915110000009';
    const fate = (category?: string) => reasonAfter({ channel, recipients: [gus], ...(category && { category }) });
    await say(gus, 'hello');
    assert.equal(await fate('newsletter'), 'delivered');
    await say(gus, 'Stop news');
    assert.deepEqual(
      [await fate('newsletter'), await fate('reminders'), await fate()],
      ['category_declined', 'delivered', 'delivered'],
    );
    await say(gus, 'STOP');
    assert.equal(await fate('reminders'), 'opted_out');
    await say(gus, 'START');
    assert.deepEqual([await fate('newsletter'), await fate('reminders')], ['category_declined', 'delivered']);
    await say(gus, 'start NEWS');
    assert.equal(await fate('newsletter'), 'delivered');
  });
}

test('STOP that only Twilio knows of is learnt by the first refusal', async () => {
  const bo = '+4915110000002';
  sandbox.people.change({ twilio: [{ match: bo, state: 'stopped' }] });
  assert.equal(await countsAfter('sms', { phoneNumber: bo }), 'failed');
  await untilSuppressed('sms', bo.slice(1));
  assert.equal(await countsAfter('sms', { phoneNumber: bo }), 'suppressed');
});

test('one click on the link in a mail silences; opening the link does not', async () => {
  const cy = 'cy@example.com';
  assert.equal(await countsAfter('email', { email: cy }), 'delivered');
  const [mail] = sandbox.ledger.entries({ provider: 'smtp', recipient: cy });
  const link = /^List-Unsubscribe: <([^>]+)>\r$/m.exec(mail?.body ?? '')?.[1] ?? '';

  const page = await fetch(link);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.equal(await countsAfter('email', { email: cy }), 'delivered');

  const click = await fetch(link, { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) });
  assert.equal(click.status, 200);
  assert.equal(await countsAfter('email', { email: 'CY@example.com' }), 'suppressed');
  assert.equal(sandbox.ledger.countOf('smtp', cy), 2);
});

test('one click on the link in a mail of a category declines that category, and nothing else', async () => {
  const fay = 'fay@example.com';
  const mail = (category: string | null) =>
    reasonAfter({ channel: 'email', recipients: [fay], ...(category !== null && { category }) });
  assert.equal(await mail('newsletter'), 'delivered');
  const [sent] = sandbox.ledger.entries({ provider: 'smtp', recipient: fay });
  const link = /^List-Unsubscribe: <([^>]+)>\r$/m.exec(sent?.body?.replaceAll('\r\n ', '') ?? '')?.[1] ?? '';
  const click = () => fetch(link, { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) });
  assert.deepEqual([(await click()).status, (await click()).status], [200, 200]);
  assert.equal(await mail('newsletter'), 'category_declined');
  assert.equal(await mail('reminders'), 'delivered');
  assert.equal(await mail(null), 'delivered');
});

test('an address that is refused for good, at once or by a bounce, is not written to again', async () => {
  assert.equal(await countsAfter('email', { email: '550-5.1.1@example.com' }), 'failed');
  await untilSuppressed('email', '550-5.1.1@example.com');
  assert.equal(await countsAfter('email', { email: '550-5.1.1@example.com' }), 'suppressed');

  const dee = 'dee@example.com';
  const id = await send('email', { email: dee });
  const [mail] = sandbox.ledger.entries({ provider: 'smtp', recipient: dee });
  const url = `${server.url}/channels/${connectionId(botId, 'email', null)}/receipts`;
  const body = writeBounce({ sender: mail?.conversation ?? '', recipient: dee, status: '5.1.1' });
  const headers = { authorization: `Bearer ${BOUNCE_SECRET}`, 'content-type': 'message/rfc822' };
  assert.equal((await fetch(url, { method: 'POST', headers, body })).status, 200);
  assert.deepEqual(await receiptsOf(id), { sent: 0, delivered: 0, read: 0, failed: 1 });
  assert.equal(await countsAfter('email', { email: dee }), 'suppressed');
});

test('whoever adds the Chat app is reached by e-mail from then on, until they remove it', async () => {
  const person = { user: 'users/1001', email: 'eve@example.com' };
  assert.equal(await countsAfter('hangoutchat', { spaceId: person.email }), 'failed');
  assert.equal((await sandbox.googleChat.happen({ kind: 'added', ...person }))?.status, 200);
  assert.equal(await countsAfter('hangoutchat', { spaceId: person.email }), 'delivered');
  assert.equal(sandbox.ledger.countOf('googlechat', person.user), 1);
  assert.equal((await sandbox.googleChat.happen({ kind: 'removed', ...person }))?.status, 200);
  assert.equal(await countsAfter('hangoutchat', { spaceId: person.email }), 'failed');
});

/** `delivered`, or why not, over the native API. */
async function reasonAfter(asked: Omit<SendBody, 'message'>): Promise<string | undefined> {
  const body = { message: { type: 'text', val: 'hello' } as const, ...asked };
  const { id } = await client.notifications.send({ botId, body });
  for (;;) {
    const { counts, reasons } = await client.notification({ botId, notificationId: id });
    if (counts.pending === 0) return counts.delivered === 1 ? 'delivered' : Object.keys(reasons ?? {})[0];
    await nextTurn();
  }
}

async function send(channel: string, ...identities: readonly Record<string, string>[]): Promise<string> {
  const body = {
    channel,
    message: { type: 'text' as const, value: 'hello' },
    userIdentityType: 'resolve' as const,
    identities,
  };
  const job = await client.notifyV2({ botId, body });
  const notificationId = /ds-[0-9a-f-]{36}/.exec(JSON.stringify(job))?.[0] ?? '';
  while ((await client.notification({ botId, notificationId })).counts.pending > 0) await nextTurn();
  return notificationId;
}

/** What became of the one recipient. */
async function countsAfter(channel: string, identity: Record<string, string>): Promise<string | undefined> {
  const notificationId = await send(channel, identity);
  const { counts } = await client.notification({ botId, notificationId });
  return Object.entries(counts).find(([name, count]) => name !== 'total' && count === 1)?.[0];
}

/** What a refusal teaches is kept a moment after its recipient is counted. */
async function untilSuppressed(channel: string, identity: string): Promise<void> {
  const url = `${server.url}/api/v1/bots/${botId}/connections/${connectionId(botId, channel, null)}/suppressions`;
  while (!(await (await fetch(url, { headers: { auth: token } })).text()).includes(`"${identity}"`)) await nextTurn();
}

const receiptsOf = async (notificationId: string) => (await client.notification({ botId, notificationId })).receipts;
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Adds what the sample leaves out, and reads the secret of its app. */
function configure(file: Record<string, unknown>): { readonly secret: string } {
  const [bot] = listOf(file, 'bots');
  const [app] = listOf(file, 'apps');
  const find = (wanted: string) => listOf(bot ?? {}, 'connections').find(({ channel }) => channel === wanted);
  const [mail, sms, whatsapp] = [find('email'), find('sms'), find('whatsapp')];
  assert.ok(mail && sms && whatsapp && app);
  for (const one of [sms, whatsapp]) one['stopWords'] = { NEWS: 'newsletter' };
  Object.assign(mail, { envelopeFrom: 'bounce+{ref}@example.com', bounceSecret: BOUNCE_SECRET });
  return { secret: String(app['clientSecret']) };
}

function listOf(object: Record<string, unknown>, key: string) {
  const list = object[key];
  assert.ok(Array.isArray(list));
  return list.filter(isJsonObject);
}

async function findPort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
