import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CompactEncrypt, type CryptoKey, generateKeyPair, importJWK, type JWK } from 'jose';
import { BOT, call, type Rig, sign, startRig, tokenFor } from '../../../test/support/http-rig.ts';

const CREDENTIALS = '{"errors":[{"msg":"Invalid SDK credentials","code":4002}]}';
const NOT_A_JWT = '{"errors":[{"msg":"Invalid JWT token","code":4002}]}';
const ADMITTED = '{"errors":[{"msg":"Invalid request ID","code":400}]}';

describe('encrypted tokens', () => {
  let rig: Rig;
  /** What a caller has: the published key and nothing else. */
  let published: JWK;
  before(async () => {
    rig = await startRig();
    const reply = await call(rig, '/.well-known/jwks.json');
    const document = JSON.parse(reply.text);
    published = document.keys[0];
  });
  after(() => rig.close());

  const present = async (token: string): Promise<string> => {
    const reply = await call(rig, `/api/public/bot/${BOT}/notify/status/ds-unknown`, { headers: { auth: token } });
    return reply.text;
  };

  const encrypt = async (inner: string, header: Record<string, unknown> = {}, key?: CryptoKey): Promise<string> => {
    const to = key ?? (await importJWK(published, 'RSA-OAEP'));
    return new CompactEncrypt(Buffer.from(inner))
      .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A128CBC-HS256', typ: 'JWT', kid: published.kid ?? '', ...header })
      .encrypt(to);
  };

  it('publishes a public key and no private part of it', () => {
    assert.deepEqual(Object.keys(published).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  for (const enc of ['A128CBC-HS256', 'A128GCM', 'A256GCM']) {
    it(`opens ${enc}`, async () => {
      assert.equal(await present(await encrypt(await tokenFor('cs-jwe'), { enc })), ADMITTED);
    });
  }

  it('takes them from apps that do not insist', async () => {
    assert.equal(await present(await encrypt(await tokenFor('cs-builder'))), ADMITTED);
  });

  it('refuses a plain token of an app that insists', async () => {
    assert.equal(await present(await tokenFor('cs-jwe')), CREDENTIALS);
  });

  const outerFaults: readonly [string, Record<string, unknown>][] = [
    ['another kid', { kid: 'somebody-else' }],
    ['no kid', { kid: undefined }],
    ['another key wrap', { alg: 'RSA-OAEP-256' }],
    ['another content encryption', { enc: 'A192GCM' }],
    ['a large content encryption', { enc: 'A256CBC-HS512' }],
  ];
  for (const [name, header] of outerFaults) {
    it(`refuses ${name}`, async () => {
      const key = await importJWK({ ...published, alg: String(header['alg'] ?? 'RSA-OAEP') });
      assert.ok(!(key instanceof Uint8Array));
      assert.equal(await present(await encrypt(await tokenFor('cs-jwe'), header, key)), CREDENTIALS);
    });
  }

  it('refuses a token encrypted to another key under our kid', async () => {
    const { publicKey } = await generateKeyPair('RSA-OAEP', { extractable: true });
    assert.equal(await present(await encrypt(await tokenFor('cs-jwe'), {}, publicKey)), CREDENTIALS);
  });

  it('refuses compression, good or a bomb', async () => {
    assert.equal(await present(await encrypt(await tokenFor('cs-jwe'), { zip: 'DEF' })), CREDENTIALS);
    const bomb = await encrypt('.'.repeat(3_000_000), { zip: 'DEF' });
    assert.ok(bomb.length < 8192);
    assert.equal(await present(bomb), CREDENTIALS);
  });

  it('refuses what is not a signed token inside', async () => {
    assert.equal(await present(await encrypt(JSON.stringify({ appId: 'cs-jwe', sub: 'x' }))), NOT_A_JWT);
    assert.equal(await present(await encrypt('')), NOT_A_JWT);
    assert.equal(await present(await encrypt(await encrypt(await tokenFor('cs-jwe')))), NOT_A_JWT);
  });

  it('checks the inner signature as ever', async () => {
    const inner = await tokenFor('cs-jwe');
    assert.equal(await present(await encrypt(`${inner.slice(0, -3)}AAA`)), CREDENTIALS);
    assert.equal(await present(await encrypt(await sign({ appId: 'cs-jwe' }, { alg: 'HS512' }))), CREDENTIALS);
  });

  it('refuses a password-based token without counting to its iterations', async () => {
    const header = { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', kid: published.kid, p2c: 5_000_000, p2s: 'c2FsdA' };
    const part = Buffer.from(JSON.stringify(header)).toString('base64url');
    const startedAt = performance.now();
    assert.equal(await present(`${part}.AAAA.AAAA.AAAA.AAAA`), CREDENTIALS);
    assert.ok(performance.now() - startedAt < 500);
  });
});
