import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import type { Sandbox } from './sandbox.ts';
import { call, openManualClock, openRig, type Reply } from './test-rig.ts';

const clock = openManualClock();
const sandbox = await openRig({ clock, tokenLifetimeSeconds: 60 });
const { clientEmail, privateKey, privateKeyId } = sandbox.credentials.googleChat;
const SCOPE = 'https://www.googleapis.com/auth/chat.bot';
const strangersKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

interface Assertion {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, string>>;
  readonly key?: KeyObject;
}

/** What a Google client would sign, but for the differences. */
function sign({ claims = {}, header = {}, key = createPrivateKey(privateKey) }: Assertion = {}): Promise<string> {
  const issuedAt = Math.floor(clock.now() / 1000);
  const usual = { iss: clientEmail, scope: SCOPE, aud: sandbox.urls.googleToken, iat: issuedAt, exp: issuedAt + 3600 };
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: privateKeyId, ...header })
    .sign(key);
}

function ask(fields: Readonly<Record<string, string>>, { urls }: Sandbox = sandbox): Promise<Reply> {
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' };
  return call(urls.googleToken, { body: new URLSearchParams({ ...grant, ...fields }) });
}

test('a good assertion gets an opaque token', async () => {
  const { status, json } = await ask({ assertion: await sign() });
  assert.equal(status, 200);
  assert.deepEqual([json['token_type'], json['expires_in']], ['Bearer', 59]);
  assert.match(String(json['access_token']), /^ya29\.sandbox-/);
});

test('the audience may be Google’s own address', async () => {
  const assertion = await sign({ claims: { aud: 'https://oauth2.googleapis.com/token' } });
  assert.equal((await ask({ assertion })).status, 200);
});

const nowS = Math.floor(clock.now() / 1000);

/** [what is wrong, the assertion, error, description] */
const REFUSALS: readonly (readonly [string, Assertion, string, RegExp])[] = [
  ['an unknown account', { claims: { iss: 'nobody@example.com' } }, 'invalid_grant', /account not found/],
  ['another key', { key: strangersKey }, 'invalid_grant', /Invalid JWT Signature/],
  ['another key id', { header: { kid: 'another' } }, 'invalid_grant', /Invalid JWT Signature/],
  ['another algorithm', { header: { alg: 'PS256' } }, 'invalid_grant', /Invalid JWT Signature/],
  ['another audience', { claims: { aud: 'https://elsewhere.example/token' } }, 'invalid_grant', /audience check/],
  ['a time to come', { claims: { iat: nowS + 600, exp: nowS + 900 } }, 'invalid_grant', /short-lived token/],
  ['a time gone by', { claims: { iat: nowS - 7200, exp: nowS - 3600 } }, 'invalid_grant', /short-lived token/],
  ['more than an hour', { claims: { exp: nowS + 3601 } }, 'invalid_grant', /short-lived token/],
  ['no scope', { claims: { scope: '' } }, 'invalid_scope', /missing scope/],
];

for (const [name, assertion, error, description] of REFUSALS) {
  test(`refused: ${name}`, async () => {
    const { status, json } = await ask({ assertion: await sign(assertion) });
    assert.deepEqual([status, json['error']], [400, error]);
    assert.match(String(json['error_description']), description);
  });
}

test('refused: what is no assertion at all', async () => {
  assert.equal((await ask({ assertion: 'x.y.z' })).json['error'], 'invalid_grant');
  assert.equal((await ask({})).json['error'], 'invalid_request');
  assert.equal((await ask({ grant_type: 'client_credentials' })).json['error'], 'unsupported_grant_type');
  assert.equal((await call(`${sandbox.urls.base}/googletoken/elsewhere`)).status, 404);
});

test('the API takes a token until it expires, and only one for its scope', async () => {
  const list = async (claims: Assertion['claims'] = {}) => {
    const { json } = await ask({ assertion: await sign({ claims }) });
    const headers = { authorization: `Bearer ${String(json['access_token'])}` };
    return () => call(`${sandbox.urls.googleChat}v1/spaces`, { method: 'GET', headers });
  };
  const listSpaces = await list();
  clock.advance(59_999);
  assert.equal((await listSpaces()).status, 200);
  clock.advance(1);
  assert.equal((await listSpaces()).status, 401);
  const other = await (await list({ scope: 'https://www.googleapis.com/auth/drive' }))();
  assert.equal(other.status, 403);
  assert.match(other.text, /ACCESS_TOKEN_SCOPE_INSUFFICIENT/);
});
