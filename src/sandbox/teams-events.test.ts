import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { after, beforeEach, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { type JsonObject, parseJsonObject } from '../model/json.ts';
import { call, openBot, openRig } from './test-rig.ts';

const AAD = '11111111-2222-3333-4444-555555555555';
const sandbox = await openRig({ limits: 'off' });
const { appId, tenantId } = sandbox.credentials.teams;
const bot = await openBot(sandbox);
const heard: { readonly headers: IncomingHttpHeaders; readonly activity: JsonObject }[] = [];
const server = createServer(async (request, response) => {
  const body = Buffer.concat(await Array.fromAsync(request)).toString();
  heard.push({ headers: request.headers, activity: parseJsonObject(body) ?? {} });
  response.end();
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());
const address = server.address();
sandbox.webhooks.set('teams', `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);

beforeEach(() => {
  sandbox.reset();
  heard.length = 0;
  sandbox.people.change({
    teams: [{ match: '29:jane', aadObjectId: AAD, email: 'jane@example.com', state: 'not_installed' }],
  });
});

const happen = (event: JsonObject) => call(`${sandbox.urls.base}/control/teams/events`, { body: event });

test('what happens is posted, signed by a published key that may speak for Teams', async () => {
  assert.deepEqual((await happen({ kind: 'message', user: '29:jane', text: 'Hi' })).json, { statuses: [200] });
  const [{ headers, activity } = { headers: {}, activity: {} }] = heard;
  const metadata = (await call(sandbox.urls.teamsOpenId, { method: 'GET' })).json;
  const token = String(headers.authorization).replace('Bearer ', '');
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(String(metadata['jwks_uri']))), {
    issuer: String(metadata['issuer']),
    audience: appId,
  });
  assert.equal(payload['serviceurl'], sandbox.urls.teams);
  assert.equal(activity['serviceUrl'], sandbox.urls.teams);
  assert.deepEqual([activity['type'], activity['text'], activity['channelId']], ['message', 'Hi', 'msteams']);
  assert.deepEqual(activity['from'], { id: '29:jane', aadObjectId: AAD });
  assert.deepEqual(activity['channelData'], { tenant: { id: tenantId } });

  const { keys } = (await call(String(metadata['jwks_uri']), { method: 'GET' })).json;
  const listed: { kid: string; endorsements: string[] }[] = JSON.parse(JSON.stringify(keys));
  const signing = listed.find(({ kid }) => kid === decodeProtectedHeader(token).kid);
  assert.ok(signing?.endorsements.includes('msteams'));
  assert.ok(listed.some(({ endorsements }) => !endorsements.includes('msteams')));
});

test('who installs the app can be written to where the events say, until they remove it', async () => {
  assert.deepEqual((await happen({ kind: 'install', user: 'jane@example.com' })).json, { statuses: [200, 200] });
  assert.deepEqual(
    heard.map(({ activity }) => activity['type']),
    ['conversationUpdate', 'installationUpdate'],
  );
  const conversation = Object(heard[0]?.activity['conversation']).id;
  assert.equal((await bot.send(conversation)).status, 201);
  await happen({ kind: 'uninstall', user: AAD });
  assert.equal(heard.at(-1)?.activity['action'], 'remove');
  assert.equal((await bot.send(conversation)).status, 403);
});

test('a member’s e-mail is told to the bot in the chat, and to nobody else', async () => {
  await happen({ kind: 'install', user: '29:jane' });
  const conversation = encodeURIComponent(String(Object(heard[0]?.activity['conversation']).id));
  const ask = (user: string, headers = bot.headers) =>
    call(`${bot.conversations}/${conversation}/members/${encodeURIComponent(user)}`, { method: 'GET', headers });
  const { json } = await ask('29:jane');
  assert.deepEqual([json['id'], json['aadObjectId'], json['email']], ['29:jane', AAD, 'jane@example.com']);
  assert.equal((await ask('29:john')).status, 404);
  assert.equal((await ask('29:jane', { authorization: 'Bearer x' })).status, 401);
  await happen({ kind: 'uninstall', user: '29:jane' });
  assert.equal((await ask('29:jane')).status, 403);
});

test('new keys take the place of the old ones', async () => {
  const before = await sandbox.teams.signer.keys();
  sandbox.teams.signer.rotate();
  const kids = ({ keys }: { readonly keys: readonly object[] }) => keys.map((key) => Object(key).kid);
  assert.ok(kids(await sandbox.teams.signer.keys()).every((kid) => !kids(before).includes(kid)));
});

test('an event that cannot be is refused', async () => {
  for (const event of [
    {},
    { kind: 'sneeze', user: '29:jane' },
    { kind: 'message' },
    { kind: 'message', user: 'x', at: 1 },
  ]) {
    assert.equal((await happen(event)).status, 400);
  }
});
