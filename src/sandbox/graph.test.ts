import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { JsonObject } from '../model/json.ts';
import { call, openBot, openManualClock, openRig, type Reply, tokenOf } from './test-rig.ts';

const AAD = '11111111-2222-3333-4444-555555555555';
const clock = openManualClock();
const sandbox = await openRig({ clock, limits: { teamsPerThread: false, teamsPerTenantPerSecond: 0 } });
const { teamsApp, teams } = sandbox.credentials;
const headers = {
  authorization: `Bearer ${await tokenOf(sandbox, { scope: 'https://graph.microsoft.com/.default' })}`,
};
const bot = await openBot(sandbox);
const v1 = `${sandbox.urls.graph}/v1.0`;
const get = (path: string) => call(`${v1}${path}`, { method: 'GET', headers });
const install = (user: string, app = teamsApp.teamsAppId) => {
  const bind = `https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/${app}`;
  return call(`${v1}/users/${user}/teamwork/installedApps`, { headers, body: { 'teamsApp@odata.bind': bind } });
};
const batch = (requests: readonly JsonObject[]) => call(`${v1}/$batch`, { headers, body: { requests } });
const filter = (text: string) => encodeURIComponent(text);

beforeEach(() => {
  sandbox.reset();
  clock.advance(1_000);
});

function knowJane(more: JsonObject = {}): void {
  const jane = { match: '29:jane', aadObjectId: AAD, email: 'j.doe@corp.example', mail: 'jane@example.com' };
  sandbox.people.change({ teams: [{ ...jane, state: 'installed', ...more }] });
}

const valuesOf = ({ json }: Reply): unknown => json['value'];

test('a user is found by UPN and by object id, not by mail', async () => {
  knowJane();
  const jane = { id: AAD, mail: 'jane@example.com', userPrincipalName: 'j.doe@corp.example', userType: 'Member' };
  for (const key of ['j.doe@corp.example', 'J.Doe%40corp.example', AAD]) {
    assert.deepEqual((await get(`/users/${key}?$select=id`)).json, jane, key);
  }
  assert.equal((await get('/users/jane@example.com')).status, 404);
  assert.deepEqual(valuesOf(await get(`/users?$filter=${filter("mail eq 'jane@example.com'")}`)), [jane]);
  assert.deepEqual(valuesOf(await get(`/users?$filter=${filter("mail eq 'j.doe@corp.example'")}`)), []);
});

test('whoever is asked for exists, but for those whose names say otherwise; ids nobody gave are kept to', async () => {
  const john = (await get('/users/john@example.com')).json;
  assert.match(String(john['id']), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal((await get(`/users/${john['id']}`)).json['userPrincipalName'], 'john@example.com');
  assert.equal((await get('/users/unknown-john@example.com')).status, 404);
  assert.equal((await get('/users/guest-john@example.com')).json['userType'], 'Guest');
  await bot.send(await bot.conversationWith(String(john['id'])));
  assert.equal(sandbox.ledger.countOf('teams', 'john@example.com'), 1);
});

test('a batch has at most twenty parts, each answered by itself', async () => {
  const part = (id: number) => ({ id: String(id), method: 'GET', url: `/users/${id}@example.com` });
  assert.equal((await batch(Array.from({ length: 21 }, (_, id) => part(id)))).status, 400);
  sandbox.faults.add({
    route: 'user',
    recipient: '1@example.com',
    fault: { kind: 'status', status: 429, retryAfterSeconds: 5 },
  });
  const { responses } = (await batch([part(0), part(1), { ...part(2), url: '/users/unknown@x.y' }])).json;
  assert.ok(Array.isArray(responses));
  const told = responses.map((one) => JSON.parse(JSON.stringify(one)));
  assert.deepEqual(
    told.map(({ id, status, headers: given }) => [id, status, given['Retry-After']]),
    [
      ['2', 404, undefined],
      ['1', 429, '5'],
      ['0', 200, undefined],
    ],
  );
});

test('the catalog lists the app by the id in its manifest, and by its own', async () => {
  for (const found of [`externalId eq '${teamsApp.manifestId}'`, `id eq '${teamsApp.teamsAppId}'`]) {
    const { json } = await get(`/appCatalogs/teamsApps?$filter=${filter(found)}`);
    assert.match(JSON.stringify(json), new RegExp(`"id":"${teamsApp.teamsAppId}"`));
  }
  assert.deepEqual(valuesOf(await get(`/appCatalogs/teamsApps?$filter=${filter("externalId eq 'x'")}`)), []);
});

test('an app is installed once, and opens the chat to the bot', async () => {
  knowJane({ state: 'not_installed' });
  const installed = `/users/${AAD}/teamwork/installedApps`;
  const query = `?$expand=teamsApp&$filter=${filter(`teamsApp/id eq '${teamsApp.teamsAppId}'`)}`;
  assert.equal((await bot.create(AAD)).status, 403);
  assert.deepEqual(valuesOf(await get(installed + query)), []);
  assert.equal((await install(AAD, 'another')).status, 404);
  const done = await install(AAD);
  assert.deepEqual([done.status, done.text], [201, '']);
  assert.equal((await install(AAD)).status, 409);

  const [installation] = JSON.parse((await get(installed + query)).text).value;
  const chat = await get(`${installed}/${encodeURIComponent(installation.id)}/chat`);
  assert.equal(chat.json['id'], `19:${AAD}_${teams.appId}@unq.gbl.spaces`);
  assert.equal((await get(`${installed}/another/chat`)).status, 404);
  assert.equal((await bot.send(String(chat.json['id']))).status, 201);
  assert.equal(sandbox.ledger.countOf('teams', '29:jane'), 1);
  knowJane({ state: 'not_installed' });
  assert.equal((await bot.send(String(chat.json['id']))).status, 403);
});

test('a policy forbids it, nobody gets none, and there are thirty a second', async () => {
  assert.equal((await install('forbidden-jane@example.com')).status, 403);
  assert.equal((await install('unknown-jane@example.com')).status, 404);
  for (let installs = 2; installs < 30; installs++) assert.equal((await install('john@example.com')).status, 409);
  const refused = await install('john@example.com');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
  clock.advance(1_000);
  assert.equal((await install('john@example.com')).status, 409);
});

test('only a token for Graph is let in', async () => {
  for (const authorization of ['', 'Bearer x', bot.headers.authorization]) {
    const refused = await call(`${v1}/users/jane@example.com`, { method: 'GET', headers: { authorization } });
    assert.equal(refused.status, 401, authorization);
  }
});

test('what Graph has and this has not is 404', async () => {
  for (const path of ['/me', '/users/jane/messages', '/']) assert.equal((await get(path)).status, 404);
});
