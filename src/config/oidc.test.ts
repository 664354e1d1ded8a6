import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../model/json.ts';
import { findRule } from '../model/oidc.ts';
import { readProvider } from './oidc.ts';
import type { Report } from './section.ts';

const GIVEN = { id: 'staff', issuer: 'https://id.example.com', clientId: 'beckon', clientSecret: 'planted-4Zr9fQx7' };
const PUBLIC_URL = 'https://beckon.example.com/';
const BOT = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';

function read(given: JsonObject, publicUrl: string | null = PUBLIC_URL) {
  const sources = { env: { SECRET: 'from the environment' }, folder: '.' };
  const report: Report = { sources, faults: [], secretEnvNames: new Set() };
  const refuseUrl = (url: URL) => (url.hostname === 'intranet' ? 'is a name of a private network.' : null);
  return { read: readProvider(given, 'oidc[0]', { report, publicUrl, refuseUrl }), ...report };
}

test('a provider has what most need, and its secret is never shown', () => {
  const { read: found, faults, secretEnvNames } = read({ ...GIVEN, clientSecret: { env: 'SECRET' } });
  assert.deepEqual(faults, []);
  assert.deepEqual([...secretEnvNames], ['SECRET']);
  const { name, scopes, clientAuth, clientSecret, rules } = found?.provider ?? {};
  assert.deepEqual([name, clientAuth, clientSecret, rules], ['staff', 'post', 'from the environment', []]);
  assert.deepEqual(scopes, ['openid', 'profile', 'email']);
  assert.equal(found?.printable['clientSecret'], '***');
});

test('what is wrong is said with its place and what to do', () => {
  const rule = { claim: 'groups', value: 'hr', role: 'sender', bots: [BOT] };
  const wrong: readonly (readonly [JsonObject, RegExp])[] = [
    [{ id: 'Staff directory' }, /^oidc\[0\]\.id: .*a short name of a-z, 0-9 and -/],
    [{ issuer: 'id.example.com' }, /^oidc\[0\]\.issuer: must be a whole URL/],
    [{ issuer: 'http://id.example.com' }, /issuer: must be https; .*allowPrivateNetwork: true/],
    [{ issuer: 'https://intranet' }, /issuer: is a name of a private network/],
    [{ issuer: 'https://id.example.com/?x=1' }, /issuer: takes no query/],
    [{ issuer: 'https://id.example.com/.well-known/openid-configuration' }, /issuer: .*leave out/],
    [{ issuer: 'https://login.microsoftonline.com/common/v2.0' }, /issuer: lets every tenant in; put the id of yours/],
    [{ scopes: ['email'] }, /scopes: openid is missing/],
    [{ clientAuth: 'none' }, /clientAuth: /],
    [{ rules: [{ ...rule, bots: [] }] }, /rules\[0\]\.bots: is empty, so a sender could not use any bot/],
    [{ rules: [{ ...rule, role: 'admin' }] }, /rules\[0\]\.bots: an admin uses every bot/],
    [{ rules: [{ ...rule, role: 'owner' }] }, /rules\[0\]\.role: /],
    [{ rules: [{ ...rule, claims: 'groups' }] }, /rules\[0\]\.claims: is not a key here \(did you mean "claim"\?\)/],
    [{ issuers: 'x' }, /issuers: is not a key here/],
  ];
  for (const [change, expected] of wrong) {
    const { faults } = read({ ...GIVEN, ...change });
    assert.ok(
      faults.some((fault) => expected.test(fault)),
      `${JSON.stringify(change)} → ${faults.join(' | ')}`,
    );
    assert.ok(!faults.join().includes(GIVEN.clientSecret));
  }
  assert.match(read(GIVEN, null).faults.join(), /issuer: .*set BECKON_PUBLIC_URL or --public-url/);
  assert.match(read(GIVEN, 'http://beckon.example.com/').faults.join(), /issuer: .*make the public URL https/);
  assert.deepEqual(read(GIVEN, 'http://127.0.0.1:8080/').faults, []);
});

test('a rule fits whoever has its value in the claim, by name or by path, and the first that fits counts', () => {
  const rule = (claim: string, value: string) => ({ claim, value, role: 'viewer', bots: [BOT] }) as const;
  const rules = [rule('groups', 'a'), rule('groups', 'b'), rule('realm_access.roles', 'c'), rule('https://x.y/d', 'd')];
  const found = (claims: JsonObject) => findRule(rules, claims)?.value ?? null;
  assert.equal(found({ groups: ['b', 'a'] }), 'a');
  assert.equal(found({ groups: 'b' }), 'b');
  assert.equal(found({ realm_access: { roles: ['c'] } }), 'c');
  assert.equal(found({ 'https://x.y/d': 'd' }), 'd');
  for (const claims of [{}, { groups: ['ab'] }, { groups: null }, { groups: { a: 'a' } }, { realm_access: 'c' }])
    assert.equal(found(claims), null);
});
