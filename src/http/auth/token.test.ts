import assert from 'node:assert/strict';
import { createHmac, createSecretKey } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import {
  BOT,
  call,
  post,
  type Reply,
  type Rig,
  rsa,
  SECRET,
  START,
  sign,
  startRig,
  tokenFor,
} from '../../../test/support/http-rig.ts';
import { derivedId } from '../../model/ids.ts';

const CREDENTIALS = '{"errors":[{"msg":"Invalid SDK credentials","code":4002}]}';
const NOT_A_JWT = '{"errors":[{"msg":"Invalid JWT token","code":4002}]}';
/** What a good token gets for a notification that does not exist. */
const ADMITTED = '{"errors":[{"msg":"Invalid request ID","code":400}]}';

const now = Math.floor(START / 1000);
const secret = (text: string) => createSecretKey(Buffer.from(text));
const base64url = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const good = { sub: 'tester', appId: 'cs-builder' };

describe('tokens', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const present = (headers: Record<string, string>): Promise<Reply> =>
    call(rig, `/api/public/bot/${BOT}/notify/status/ds-unknown`, { headers });
  const presentToken = (token: string): Promise<Reply> => present({ auth: token });

  const admitted: readonly [name: string, token: () => Promise<string> | string][] = [
    ['the smallest payload there is', () => sign({ sub: 'x', appId: 'cs-builder' })],
    ['no subject', () => sign({ appId: 'cs-builder' })],
    ['typ JWT', () => sign(good, { alg: 'HS256', typ: 'JWT' })],
    ['a plain kid', () => sign(good, { alg: 'HS256', kid: 'key-1' })],
    ['HS512', () => sign({ appId: 'cs-hs512' }, { alg: 'HS512' })],
    ['RS256', () => sign({ appId: 'cs-rs256' }, { alg: 'RS256' }, rsa.privateKey)],
    ['RS512', () => sign({ appId: 'cs-rs512' }, { alg: 'RS512' }, rsa.privateKey)],
    [
      'the client id in iss',
      () => sign({ iss: 'cs-builder', aud: 'https://idproxy.kore.com/authorize', isAnonymous: false }),
    ],
    ['the client id in kore_iss', () => sign({ kore_iss: 'cs-builder' })],
    [
      'the identity provider in iss, the client id in kore_iss',
      () => sign({ iss: 'https://idp', kore_iss: 'cs-builder' }),
    ],
    ['appId before iss', () => sign({ appId: 'cs-builder', iss: 'cs-hs512' })],
    ['expired 4 s ago', () => sign({ ...good, exp: now - 4 })],
    ['valid in 4 s', () => sign({ ...good, nbf: now + 4 })],
    ['issued tomorrow, which nobody checks', () => sign({ ...good, iat: now + 86_400 })],
    ['an expiry next year', () => sign({ ...good, exp: now + 31_536_000 })],
  ];
  for (const [name, token] of admitted) {
    it(`takes ${name}`, async () => {
      const reply = await presentToken(await token());
      assert.equal(reply.text, ADMITTED);
    });
  }

  const refused: readonly [name: string, token: () => Promise<string> | string, text: string][] = [
    ['a word', () => 'hello', NOT_A_JWT],
    ['two parts', () => 'a.b', NOT_A_JWT],
    ['four parts', async () => `${await sign(good)}.x`, NOT_A_JWT],
    ['a header that is no JSON', () => `${base64url('{"alg"')}.${base64url(good)}.x`, NOT_A_JWT],
    ['a header that is an array', () => `${base64url('[]')}.${base64url(good)}.x`, NOT_A_JWT],
    ['a payload that is no object', () => sign('"text"'), NOT_A_JWT],
    [
      'a payload of broken UTF-8',
      async () => `${base64url({ alg: 'HS256' })}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.x`,
      NOT_A_JWT,
    ],
    ['padding', async () => `${await sign(good)}==`, NOT_A_JWT],
    ['blanks inside', async () => (await sign(good)).replace('.', ' .'), NOT_A_JWT],
    ['standard base64', async () => (await sign(good)).replace('.', '+.'), NOT_A_JWT],
    ['spare bits in the last character', async () => loosen(await sign(good)), NOT_A_JWT],
    ['a key given twice in the header', () => forge('{"alg":"HS256","alg":"HS256"}', good), NOT_A_JWT],
    ['a key given twice, once escaped', () => forge('{"alg":"none","\\u0061lg":"HS256"}', good), NOT_A_JWT],
    ['a key given twice in the payload', () => sign('{"appId":"cs-admin","appId":"cs-builder"}'), NOT_A_JWT],
    ['a key given twice deep inside', () => sign('{"appId":"cs-builder","a":[{"b":1, "b" :2}]}'), NOT_A_JWT],
    [
      'a key given twice, the colon far away',
      () => sign(`{"appId":"cs-builder","appId"${' '.repeat(99)}:"cs-builder"}`),
      NOT_A_JWT,
    ],
    ['more than 8 KiB', () => sign({ ...good, filler: 'x'.repeat(7000) }), NOT_A_JWT],
    ['an unknown client id', () => sign({ appId: 'cs-nobody' }), CREDENTIALS],
    ['an unknown appId beside a good iss', () => sign({ appId: 'cs-nobody', iss: 'cs-builder' }), CREDENTIALS],
    ['an appId that is no string', () => sign({ appId: { a: 1 }, iss: 'cs-builder' }), CREDENTIALS],
    ['the appId "__proto__"', () => sign('{"appId":"__proto__"}'), CREDENTIALS],
    ['no client id at all', () => sign({ sub: 'x' }), CREDENTIALS],
    [
      'another secret',
      () => sign(good, { alg: 'HS256' }, secret('another-secret-of-enough-bytes-for-HS256')),
      CREDENTIALS,
    ],
    ['a cut signature', async () => (await sign(good)).split('.').slice(0, 2).concat('').join('.'), CREDENTIALS],
    ['a changed payload', async () => swapPayload(await sign(good), { ...good, sub: 'admin' }), CREDENTIALS],
    ["another app's token", async () => swapPayload(await sign(good), { appId: 'cs-admin' }), CREDENTIALS],
    ['another algorithm of the same key', () => sign(good, { alg: 'HS512' }), CREDENTIALS],
    ['RS512 for an RS256 app', () => sign({ appId: 'cs-rs256' }, { alg: 'RS512' }, rsa.privateKey), CREDENTIALS],
    [
      'the public key as a shared secret',
      () => sign({ appId: 'cs-rs256' }, { alg: 'HS256' }, publicPemAsSecret()),
      CREDENTIALS,
    ],
    ['the same for an app that has HS256', () => sign(good, { alg: 'HS256' }, publicPemAsSecret()), CREDENTIALS],
    ['a typ that is not JWT', () => forge('{"alg":"HS256","typ":"at+jwt"}', good), CREDENTIALS],
    [
      'a key of its own (jwk)',
      () => sign(good, { alg: 'HS256', jwk: { kty: 'oct', k: base64url(SECRET) } }),
      CREDENTIALS,
    ],
    ['a key address (jku)', () => sign(good, { alg: 'HS256', jku: 'http://127.0.0.1:1/keys' }), CREDENTIALS],
    ['a certificate address (x5u)', () => sign(good, { alg: 'HS256', x5u: 'http://127.0.0.1:1/cert' }), CREDENTIALS],
    ['a certificate (x5c)', () => sign(good, { alg: 'HS256', x5c: ['MII'] }), CREDENTIALS],
    ['crit', () => forge('{"alg":"HS256","crit":["exp"],"exp":1}', good), CREDENTIALS],
    ['b64 false', () => forge('{"alg":"HS256","b64":false}', good), CREDENTIALS],
    ['expired 6 s ago', () => sign({ ...good, exp: now - 6 }), CREDENTIALS],
    ['valid in 7 s', () => sign({ ...good, nbf: now + 7 }), CREDENTIALS],
    ['exp as text', () => sign({ ...good, exp: String(now + 60) }), CREDENTIALS],
    ['exp null', () => sign({ ...good, exp: null }), CREDENTIALS],
    ['exp 1e308', () => sign(`{"appId":"cs-builder","exp":1e308}`), CREDENTIALS],
    ['exp beyond numbers', () => sign(`{"appId":"cs-builder","exp":1e999}`), CREDENTIALS],
    ['nbf as an object', () => sign({ ...good, nbf: {} }), CREDENTIALS],
    ['iat as text', () => sign({ ...good, iat: 'now' }), CREDENTIALS],
    ['jti that is no string', () => sign({ ...good, exp: now + 60, jti: 7 }), CREDENTIALS],
    ['jti with NUL', () => sign({ ...good, exp: now + 60, jti: 'a\0b' }), CREDENTIALS],
    ['jti longer than 255', () => sign({ ...good, exp: now + 60, jti: 'j'.repeat(256) }), CREDENTIALS],
  ];
  for (const [name, token, text] of refused) {
    it(`refuses ${name}`, async () => {
      const reply = await presentToken(await token());
      assert.equal(reply.text, text);
      assert.equal(reply.status, 401);
    });
  }

  it('refuses alg none in every case and dress', async () => {
    for (const alg of [
      'none',
      'None',
      'NONE',
      'nOnE',
      '',
      ' ',
      'HS256 ',
      'hs256',
      'HS384',
      'ES256',
      'dir',
      'PBES2-HS256+A128KW',
    ]) {
      for (const signature of ['', 'e30', (await sign(good)).split('.')[2]]) {
        const reply = await presentToken(`${base64url({ alg })}.${base64url(good)}.${signature}`);
        assert.equal(reply.text, CREDENTIALS, alg);
      }
    }
    for (const header of ['{}', '{"alg":null}', '{"alg":["HS256"]}', '{"alg":{"toString":"HS256"}}']) {
      assert.equal((await presentToken(await forge(header, good))).text, CREDENTIALS, header);
    }
  });

  it('refuses a kid that is anything but a plain name', async () => {
    const tricks = [
      '../../dev/null',
      "' OR 1=1--",
      '/etc/passwd',
      'a b',
      'k\0',
      '',
      'x'.repeat(65),
      '$(id)',
      'http://127.0.0.1:1/',
      '🔑',
    ];
    for (const kid of [...tricks, 7, null, ['key-1'], { a: 1 }]) {
      const reply = await presentToken(await forge(JSON.stringify({ alg: 'HS256', kid }), good));
      assert.equal(reply.text, CREDENTIALS, JSON.stringify(kid));
    }
  });

  it('finds the token in auth, with or without Bearer, and in Authorization', async () => {
    const token = await tokenFor('cs-builder');
    assert.equal((await present({ auth: `Bearer ${token}` })).text, ADMITTED);
    assert.equal((await present({ authorization: `Bearer ${token}` })).text, ADMITTED);
    assert.equal((await present({ authorization: `bearer ${token}` })).text, ADMITTED);
    assert.equal((await present({ auth: token, authorization: 'Basic abc' })).text, ADMITTED);
    assert.equal((await present({ auth: 'nonsense', authorization: `Bearer ${token}` })).text, NOT_A_JWT);
    assert.equal((await present({ authorization: `Basic ${token}` })).text, CREDENTIALS);
    assert.equal((await present({ auth: '' })).text, CREDENTIALS);
    assert.equal((await present({})).text, CREDENTIALS);
  });

  it('answers an app whose secret is too weak with a bug, and tells the operator why', async () => {
    const reply = await presentToken(await sign({ appId: 'cs-weak' }, { alg: 'HS256' }, secret('short')));
    assert.equal(reply.text, '{"errors":[{"msg":"Internal Server Error","code":500}]}');
    const error = rig.lines.findLast((line) => line.event === 'request failed')?.fields.error;
    assert.match(String(error), /app cs-weak: the client secret has 5 bytes; HS256 needs at least 32/);
  });

  it('takes the subject for createdBy: kore_sub, then sub, then the client id', async () => {
    const createdBy = async (claims: Record<string, string>) => {
      const body = {
        channel: 'msteams',
        userIdentityType: 'resolve',
        message: { type: 'text', val: 'x' },
        identities: ['a'],
      };
      const reply = await post(rig, 'notify', body, { token: await sign({ appId: 'cs-builder', ...claims }) });
      return reply.text;
    };
    assert.ok((await createdBy({ sub: 'ann' })).includes(derivedId('u', BOT, 'ann')));
    assert.ok((await createdBy({ sub: 'idp-7', kore_sub: 'ann' })).includes(derivedId('u', BOT, 'ann')));
    assert.ok((await createdBy({})).includes(derivedId('u', BOT, 'cs-builder')));
  });

  it('refuses what it took before, once its time is over', async (t) => {
    const later = await startRig();
    t.after(() => later.close());
    const headers = { auth: await sign({ ...good, exp: now + 60 }) };
    const ask = async () => (await call(later, `/api/public/bot/${BOT}/notify/status/ds-unknown`, { headers })).text;
    assert.deepEqual([await ask(), await ask()], [ADMITTED, ADMITTED]);
    later.clock.advance(65_000);
    assert.equal(await ask(), CREDENTIALS);
  });

  it('property: a token with any one character changed is refused', async () => {
    const token = await sign(good);
    assert.equal((await presentToken(token)).text, ADMITTED);
    const place = fc.integer({ min: 0, max: token.length - 1 });
    const character = fc.constantFrom(...'abcXYZ019-_.=+ ');
    await fc.assert(
      fc.asyncProperty(place, character, async (at, put) => {
        fc.pre(token[at] !== put);
        const reply = await presentToken(token.slice(0, at) + put + token.slice(at + 1));
        assert.equal(reply.status, 401);
      }),
      { numRuns: 150 },
    );
  });
});

/** A token with an exact header text, rightly signed over it. */
function forge(header: string, payload: object): string {
  const signed = `${base64url(header)}.${base64url(payload)}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

function swapPayload(token: string, payload: object): string {
  const [header, , signature] = token.split('.');
  return `${header}.${base64url(payload)}.${signature}`;
}

/** Sets a bit that base64url decoders ignore: the same bytes in another spelling. */
function loosen(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.at(-1) ?? '');
  const loose = token.slice(0, -1) + alphabet[last ^ 1];
  assert.deepEqual(
    Buffer.from(loose.split('.')[2] ?? '', 'base64url'),
    Buffer.from(token.split('.')[2] ?? '', 'base64url'),
  );
  return loose;
}

function publicPemAsSecret() {
  return createSecretKey(Buffer.from(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()));
}
