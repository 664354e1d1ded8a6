import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import type { LedgerRecipient } from '../src/client/recipient-documents.ts';
import type { SendBody } from '../src/client/send-documents.ts';
import { derivedId } from '../src/model/ids.ts';
import { SCOPE_DIRECTORY, SCOPE_SEND } from '../src/model/tenancy.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import { runCli } from './support/run-cli.ts';

const botId = derivedId('st', 'recall');
const clientId = derivedId('cs', 'recall');
const clientSecret = 'recall-secret-of-more-than-32-bytes';
const folder = mkdtempSync(join(tmpdir(), 'beckon-recall-'));
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
  const slack = { channel: 'slack', ...credentials.slack, apiUrl: urls.slack, ...common };
  const google = {
    channel: 'hangoutchat',
    ...credentials.googleChat,
    apiUrl: urls.googleChat,
    tokenUrl: urls.googleToken,
    ...common,
  };
  const sms = { channel: 'sms', provider: 'twilio', ...credentials.twilio, apiUrl: urls.twilio, ...common };
  const scopes = [SCOPE_SEND, SCOPE_DIRECTORY];
  const app = { clientId, name: 'Recall', algorithm: 'HS256', clientSecret, bots: [botId], scopes };
  const bots = [{ id: botId, name: 'Recall', connections: [teams, slack, google, sms] }];
  writeFileSync(config, stringify({ bots, apps: [app], limits: { perMinute: 0, perHour: 0 } }));
  server = await startBeckon(['--config', config, '--database', 'sqlite::memory:']);
  token = await new SignJWT({ appId: clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(clientSecret));
  client = createClient({ url: server.url, token });
  const people = [
    { email: 'ann@example.com', phone: '+4915110000001', addresses: [{ channel: 'msteams', channelId: '29:ann' }] },
  ];
  const lines = people.map((person) => `${JSON.stringify(person)}\n`).join('');
  await client.importPeople({ botId, people: new Blob([lines]).stream(), mediaType: 'application/x-ndjson' });
});
after(async () => {
  await server.stop();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

async function finish(notificationId: string): Promise<readonly LedgerRecipient[]> {
  for (;;) {
    const progress = server.next(/batch attempted/);
    const { finishedAt } = await client.notification({ botId, notificationId });
    if (finishedAt !== null) return Array.fromAsync(client.recipients({ botId, notificationId }));
    await progress;
  }
}

async function send(body: Omit<SendBody, 'message'>): Promise<string> {
  const message = { type: 'text', val: 'The office is closed today' } as const;
  const { id } = await client.notifications.send({ botId, body: { ...body, message } });
  await finish(id);
  return id;
}

/** What each message was changed to. */
const textsOf = (recipient: string) => sandbox.ledger.entries({ recipient }).map(({ text }) => text);
/** What happened to each message, by provider, in the order in which it did. */
const actionsOf = (recipient: string) => sandbox.ledger.entries({ recipient }).map(({ action }) => action);
const recall = (notificationId: string) => client.recall({ botId, notificationId });

const CHANNELS = [
  ['msteams', 'ann@example.com', '29:ann'],
  ['slack', 'person1@example.com', 'person1@example.com'],
  ['hangoutchat', 'spaces/AAAA1', 'spaces/AAAA1'],
] as const;

for (const [channel, identity, recipient] of CHANNELS) {
  test(`a message over ${channel} is removed, once, and its recall says so`, async () => {
    const id = await send({ channel, recipients: [identity] });
    const answer = await recall(id);
    assert.partialDeepStrictEqual(answer, { id, recipients: 1, cannot: 0 });
    const [log] = await finish(answer.recallId ?? '');
    assert.partialDeepStrictEqual(log, { identity, state: 'delivered', channel, attempts: 1 });
    assert.deepEqual(actionsOf(recipient), ['send', 'delete']);
    assert.deepEqual(await recall(id), answer, 'asked twice is asked once');
    assert.deepEqual(actionsOf(recipient), ['send', 'delete']);
  });
}

for (const [channel, identity, recipient] of CHANNELS) {
  test(`a message over ${channel} is changed, as often as somebody wants another, and then removed`, async () => {
    sandbox.ledger.clear();
    const id = await send({ channel, recipients: [identity] });
    const say = (val: string) =>
      client.edit({ botId, notificationId: id, message: { type: 'text', val }, parameters: { when: 'Monday' } });
    const answer = await say('Open again on {when}');
    assert.partialDeepStrictEqual(answer, { id, recipients: 1, cannot: 0, isComplete: true });
    const [log] = await finish(answer.editId ?? '');
    assert.partialDeepStrictEqual(log, { identity, state: 'delivered', channel, attempts: 1 });
    assert.deepEqual(await say('Open again on {when}'), answer, 'asked twice is asked once');
    const other = await say('Closed until {when}');
    assert.notEqual(other.editId, answer.editId);
    await finish(other.editId ?? '');
    assert.deepEqual(textsOf(recipient).slice(1), ['Open again on Monday', 'Closed until Monday']);
    await finish((await recall(id)).recallId ?? '');
    assert.deepEqual(actionsOf(recipient), ['send', 'update', 'update', 'delete']);
    const [late] = await finish((await say('Too late')).editId ?? '');
    assert.deepEqual([late?.state, late?.reason], ['failed', 'not_editable']);
  });
}

test('two calls at once are one recall, and neither a recall nor an edit is amended', async () => {
  const id = await send({ channel: 'slack', recipients: ['person5@example.com'] });
  const answers = await Promise.all([recall(id), recall(id), recall(id)]);
  assert.equal(new Set(answers.map(({ recallId }) => recallId)).size, 1);
  const recallId = answers[0]?.recallId ?? '';
  await finish(recallId);
  assert.deepEqual(actionsOf('person5@example.com'), ['send', 'delete']);
  await assert.rejects(recall(recallId), /it is a recall itself/);
  const message = { type: 'text', val: 'x' } as const;
  await assert.rejects(client.edit({ botId, notificationId: recallId, message }), /it is a recall itself/);
});

test('a provider that fails is asked again, and a message that is gone meanwhile counts as removed', async () => {
  const id = await send({ channel: 'slack', recipients: ['person2@example.com'] });
  sandbox.faults.add({
    provider: 'slack',
    recipient: 'person2@example.com',
    times: 1,
    fault: { kind: 'status', status: 503 },
  });
  const { recallId } = await recall(id);
  const [log] = await finish(recallId ?? '');
  assert.deepEqual([log?.state, log?.attempts], ['delivered', 2]);
  assert.deepEqual(actionsOf('person2@example.com'), ['send', 'delete']);
});

test('who was reached over another channel is taken it back from there, if that can', async () => {
  const channels = [{ channel: 'msteams' }, { channel: 'slack' }, { channel: 'sms' }];
  const recipients = ['ann@example.com', 'person3@example.com'];
  const id = await send({ channels, recipients });
  const bySms = await send({ channel: 'sms', recipients: ['+4915110000009'] });
  assert.partialDeepStrictEqual(await recall(bySms), { recallId: null, recipients: 0, cannot: 1 });
  const { recallId } = await recall(id);
  const logs = await finish(recallId ?? '');
  assert.deepEqual(
    logs.map(({ channel, state }) => [channel, state]),
    [
      ['msteams', 'delivered'],
      ['slack', 'delivered'],
    ],
  );
  assert.deepEqual(actionsOf('person3@example.com'), ['send', 'delete']);
});

test('the command line changes too', async () => {
  const id = await send({ channel: 'slack', recipients: ['person7@example.com'] });
  const target = ['--url', server.url, '--bot', botId, '--token', token];
  const run = await runCli(['edit', id, '--text', 'The office is open', ...target, '--watch']);
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(textsOf('person7@example.com').at(-1), 'The office is open');
});

test('the command line takes back too', async () => {
  const id = await send({ channel: 'slack', recipients: ['person4@example.com'] });
  const run = await runCli(['recall', id, '--url', server.url, '--bot', botId, '--token', token, '--watch']);
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(actionsOf('person4@example.com'), ['send', 'delete']);
});
