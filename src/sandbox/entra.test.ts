import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { askToken, call, openManualClock, openRig, tokenOf } from './test-rig.ts';

const sandbox = await openRig();
const { teams, teamsMultiTenant } = sandbox.credentials;
const MULTI = { client_id: teamsMultiTenant.appId, client_secret: teamsMultiTenant.appPassword };

test('a token is an RS256 JWT that verifies against the published keys', async () => {
  const reply = await askToken(sandbox);
  assert.equal(reply.status, 200);
  assert.equal(reply.json['token_type'], 'Bearer');
  assert.equal(reply.json['expires_in'], 3599);
  const keys = createRemoteJWKSet(new URL(`${sandbox.urls.login}/keys`));
  const { payload } = await jwtVerify(String(reply.json['access_token']), keys, {
    algorithms: ['RS256'],
    audience: 'https://api.botframework.com',
  });
  assert.equal(payload['appid'], teams.appId);
  assert.equal(payload['tid'], teams.tenantId);
  assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 3600);
});

test('a multi-tenant bot gets its token from botframework.com', async () => {
  assert.equal((await askToken(sandbox, { ...MULTI, authority: 'botframework.com' })).status, 200);
});

const REFUSALS = [
  ['wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
  ['expired secret', { client_secret: 'expired-secret' }, 401, 'invalid_client', 7000222],
  ['unknown app', { client_id: 'nobody' }, 400, 'unauthorized_client', 700016],
  [
    'single-tenant app at the multi-tenant authority',
    { authority: 'botframework.com' },
    400,
    'unauthorized_client',
    700016,
  ],
  ['unknown tenant', { authority: 'contoso.example' }, 400, 'invalid_request', 90002],
  ['authority that is not even decodable', { authority: '%zz' }, 400, 'invalid_request', 90002],
  ['other grant', { grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
  ['scope of another kind', { scope: 'User.Read' }, 400, 'invalid_scope', 70011],
] as const;

for (const [name, fields, status, error, code] of REFUSALS) {
  test(`refused: ${name}`, async () => {
    const reply = await askToken(sandbox, fields);
    assert.equal(reply.status, status);
    assert.equal(reply.json['error'], error);
    assert.deepEqual(reply.json['error_codes'], [code]);
    assert.match(String(reply.json['error_description']), new RegExp(`^AADSTS${code}: `));
    assert.equal(typeof reply.json['correlation_id'], 'string');
  });
}

test('a body that is no form names the first missing parameter', async () => {
  const reply = await call(`${sandbox.urls.login}/${teams.tenantId}/oauth2/v2.0/token`, { body: { grant_type: 'x' } });
  assert.deepEqual(reply.json['error_codes'], [900144]);
});

test('the connector takes a token until it expires', async () => {
  const clock = openManualClock();
  const aging = await openRig({ clock, tokenLifetimeSeconds: 60 });
  const authorization = `Bearer ${await tokenOf(aging)}`;
  const create = () =>
    call(`${aging.urls.teams}v3/conversations`, {
      headers: { authorization },
      body: { members: [{ id: '29:jane' }], tenantId: 't' },
    });
  clock.advance(59_999);
  assert.equal((await create()).status, 201);
  clock.advance(1);
  assert.equal((await create()).status, 401);
});
