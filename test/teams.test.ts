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

const botId = derivedId('st', 'teams');
const clientId = derivedId('cs', 'teams');
const clientSecret = 'teams-secret-of-more-than-32-bytes-';
const folder = mkdtempSync(join(tmpdir(), 'beckon-teams-'));
const config = join(folder, 'beckon.yaml');
let sandbox: Sandbox;
let server: BeckonProcess;
let client: Client;

before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
  const { urls, credentials } = sandbox;
  const teams = {
    channel: 'msteams',
    ...credentials.teams,
    serviceUrl: urls.teams,
    loginUrl: urls.login,
    graphUrl: urls.graph,
    openIdUrl: urls.teamsOpenId,
    lookUp: true,
    install: true,
    manifestId: credentials.teamsApp.manifestId,
    limits: { perSecond: 0 },
    allowPrivateNetwork: true,
  };
  const app = { clientId, name: 'Teams', algorithm: 'HS256', clientSecret, bots: [botId], scopes: [SCOPE_SEND] };
  const bots = [{ id: botId, name: 'Teams', connections: [teams] }];
  writeFileSync(config, stringify({ bots, apps: [app], limits: { perMinute: 0, perHour: 0 } }));
  server = await startBeckon(['--config', config, '--database', 'sqlite::memory:']);
  sandbox.webhooks.set('teams', `${server.url}/channels/${connectionId(botId, 'msteams', null)}/events`);
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

test('a hundred people nobody has imported are found, get the app where they lack it, and the message', async () => {
  const found = Array.from({ length: 90 }, (_, index) => `person${index}@example.com`);
  const lacking = Array.from({ length: 7 }, (_, index) => `removed${index}@example.com`);
  const logs = await tell('Lunch', [
    ...found,
    ...lacking,
    'unknown1@example.com',
    'guest1@example.com',
    'blocked1@example.com',
  ]);
  assert.equal(logs.filter(({ status }) => status === 'SUCCESS').length, 97);
  assert.equal(sandbox.ledger.total('teams'), 97);
  assert.deepEqual(commentsOf(logs), {
    'blocked1@example.com':
      'The recipient has blocked or removed the app: HTTP 403 209 MessageWritesBlocked Thread is blocked from message writes. [blocked_by_recipient] Ask the recipient to unblock the app or add it again.',
    'guest1@example.com': "'Identity is not associated with the channel'",
    'unknown1@example.com': "'Identity is not associated with the channel'",
  });
  assert.equal(graphCalls('batch'), 6, 'five for a hundred keys, one for an address that is no key');
  assert.equal(graphCalls('install'), 7);

  await tell('Dessert', [...found, ...lacking]);
  assert.equal(sandbox.ledger.total('teams'), 2 * 97);
  assert.equal(graphCalls('batch'), 6, 'where they are was learnt');
  assert.equal(graphCalls('install'), 7);
});

test('who installs the app is known from then on, and forgotten when they remove it', async () => {
  sandbox.reset();
  const jane = { match: '29:jane', email: 'jane@example.com' };
  sandbox.people.change({ teams: [{ ...jane, state: 'not_installed' }] });
  const replies = await sandbox.teams.happen({ kind: 'install', user: '29:jane' });
  assert.deepEqual(
    replies.map((reply) => reply?.status),
    [200, 200],
  );
  const [log] = await tell('Welcome', ['jane@example.com']);
  assert.deepEqual([log?.status, log?.channelId], ['SUCCESS', '29:jane']);
  assert.equal(graphCalls('batch'), 0);
  assert.equal(sandbox.stats().calls.teams?.['create'], undefined, 'the conversation is the one of the event');

  await sandbox.teams.happen({ kind: 'uninstall', user: '29:jane' });
  const [again] = await tell('Come back', ['jane@example.com']);
  assert.equal(again?.status, 'SUCCESS');
  assert.deepEqual([graphCalls('batch'), graphCalls('install')], [1, 1], 'looked up and installed anew');
});

test('without the permission look-ups wait and are said to, while those who are known get their messages', async () => {
  sandbox.reset();
  sandbox.faults.set([{ provider: 'graph', fault: { kind: 'status', status: 403 } }]);
  const held = server.next(/User\.Read\.All/);
  const waiting = (await client.notify({ botId, body: bodyTo(['stranger@example.com'], 'Hello?') }))._id;
  assert.match(await held, /HTTP 403 Authorization_RequestDenied/);
  const [log] = await tell('Lunch', ['person1@example.com']);
  assert.equal(log?.status, 'SUCCESS');
  assert.equal((await client.status({ botId, requestId: waiting })).status, 'IN_PROGRESS');

  sandbox.faults.clear();
  await sandbox.until(() => sandbox.ledger.countOf('teams', 'stranger@example.com') === 1);
  const [late] = await finish(waiting);
  assert.equal(late?.status, 'SUCCESS');
});

test('an event that nobody signed is refused, and said so', async () => {
  const [activity = {}] = sandbox.teams.write({ kind: 'message', user: '29:mallory' });
  const url = sandbox.webhooks.urlOf('teams') ?? '';
  const refused = server.next(/callback refused/);
  const reply = await fetch(url, { method: 'POST', body: JSON.stringify(activity) });
  assert.equal(reply.status, 401);
  assert.match(await refused, /Teams event: it bears no token/);
});

test('a card that no client would show is told with its place, and nobody is asked for anything', async () => {
  sandbox.reset();
  const content = { type: 'AdaptiveCard', version: '1.4', body: [{ type: 'TextBlock', text: 'a' }, { type: 'Image' }] };
  const value = { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] };
  const logs = await finish(
    (
      await client.notify({
        botId,
        body: {
          channel: 'msteams',
          userIdentityType: 'resolve',
          message: { type: 'script', val: JSON.stringify(value) },
          identities: ['jane@example.com', 'person1@example.com'],
        },
      })
    )._id,
  );
  for (const { comments } of logs)
    assert.match(comments, /attachments\[0\]\.content\.body\[1\]\.url: is missing \[message_invalid\] Correct/);
  assert.equal(logs.length, 2);
  assert.equal(sandbox.stats().calls.teams, undefined);
});

function bodyTo(identities: readonly string[], text: string) {
  return { channel: 'msteams', userIdentityType: 'resolve', message: { type: 'text', val: text }, identities } as const;
}

async function tell(text: string, identities: readonly string[]) {
  return finish((await client.notify({ botId, body: bodyTo(identities, text) }))._id);
}

/** The logs, when all are there. */
async function finish(requestId: string) {
  for (;;) {
    const { status, statusLogs } = await client.status({ botId, requestId });
    if (status !== 'IN_PROGRESS') return statusLogs;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const commentsOf = (logs: Awaited<ReturnType<typeof finish>>) =>
  Object.fromEntries(
    logs.filter(({ status }) => status === 'FAILURE').map(({ originalId, comments }) => [originalId, comments]),
  );

const graphCalls = (route: string): number => sandbox.stats().calls.graph?.[route]?.calls ?? 0;
