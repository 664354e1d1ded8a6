import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { type CryptoKey, decodeJwt, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { CookieBrowser } from './support/cookie-browser.ts';
import { OTHER_CLIENT_ID } from './support/identity-provider.ts';
import { type OidcStage, openOidcStage, refusalOf } from './support/oidc-stage.ts';

const HOUR_S = 3_600;
const GENUINE_HEADER = { alg: 'RS256', kid: 'first' };

/** The provider is real; what it says is changed on its way out, and signed with its own key where that is not the point. */
describe('a token that is not to be believed', () => {
  let stage: OidcStage;
  let strangersKey: CryptoKey;
  before(async () => {
    stage = await openOidcStage();
    ({ privateKey: strangersKey } = await generateKeyPair('RS256'));
    await stage.invite('ann');
  });
  afterEach(() => {
    stage.provider.forge = null;
  });
  after(() => stage.close());

  const sign = (claims: JWTPayload, header: JWTHeaderParameters = GENUINE_HEADER, key = stage.provider.key) =>
    new SignJWT(claims).setProtectedHeader(header).sign(key);
  const withClaims = (change: (claims: JWTPayload) => JWTPayload) => async (token: string) => {
    const claims = decodeJwt(token);
    return sign({ ...claims, ...change(claims) });
  };

  it('is what its signature says, so one that is signed anew with the right key is good', async () => {
    stage.provider.forge = withClaims(() => ({}));
    assert.equal((await stage.signIn('ann')).refused, null);
  });

  const forgeries: Readonly<
    Record<string, { readonly forge: (token: string) => Promise<string>; readonly said: RegExp }>
  > = {
    'has expired': {
      forge: withClaims(({ exp = 0 }) => ({ exp: exp - HOUR_S })),
      said: /"exp" .*past current timestamp/,
    },
    'is not good yet': { forge: withClaims(({ iat = 0 }) => ({ nbf: iat + HOUR_S })), said: /"nbf"/ },
    'is of another issuer': { forge: withClaims(() => ({ iss: 'https://id.example.com' })), said: /"iss"/ },
    'is for somebody else': { forge: withClaims(() => ({ aud: OTHER_CLIENT_ID })), said: /"aud"/ },
    'is for somebody else as well': {
      forge: withClaims(({ aud }) => ({ aud: [aud, OTHER_CLIENT_ID].flat().map(String) })),
      said: /"aud" .*untrusted/,
    },
    'answers another question': { forge: withClaims(() => ({ nonce: 'another' })), said: /"nonce"/ },
    'answers no question': {
      forge: async (token) => {
        const { nonce: _, ...claims } = decodeJwt(token);
        return sign(claims);
      },
      said: /"nonce"/,
    },
    'was changed after it was signed': {
      forge: async (token) => {
        const [header = '', , signature = ''] = token.split('.');
        return [header, encode({ ...decodeJwt(token), name: 'Somebody Else' }), signature].join('.');
      },
      said: /signature verification failed/,
    },
    'is signed by a stranger under a name that is known': {
      forge: (token) => sign(decodeJwt(token), GENUINE_HEADER, strangersKey),
      said: /signature verification failed/,
    },
    'is signed with a key that the provider does not name': {
      forge: (token) => sign(decodeJwt(token), { alg: 'RS256', kid: 'second' }, strangersKey),
      said: /no applicable keys/,
    },
    'is signed by nobody': {
      forge: async (token) => `${encode({ alg: 'none' })}.${encode(decodeJwt(token))}.`,
      said: /"alg" header/,
    },
    'is signed with what the two of us know': {
      forge: (token) =>
        new SignJWT(decodeJwt(token))
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new TextEncoder().encode(stage.provider.configuration.clientSecret)),
      said: /"alg" header/,
    },
  };
  for (const [what, { forge, said }] of Object.entries(forgeries))
    it(`signs nobody in if it ${what}, and the log says so`, async () => {
      const { provider, rig } = stage;
      provider.forge = forge;
      const { seq } = await rig.store.findAuditHead({ botId: null });
      assert.deepEqual(await stage.signIn('ann'), { id: null, refused: 'failed' });
      assert.match(lastRefusal(), said);
      assert.equal((await rig.store.findAuditHead({ botId: null })).seq, seq, 'nobody was signed in or linked');
    });

  it('signs nobody in if it was another browser’s, whole and unchanged', async () => {
    const kept: string[] = [];
    stage.provider.forge = async (token) => {
      kept.push(token);
      return token;
    };
    assert.equal((await stage.signIn('ann')).refused, null);
    stage.provider.forge = async () => kept[0] ?? '';
    assert.deepEqual(await stage.signIn('ann'), { id: null, refused: 'failed' });
    assert.match(lastRefusal(), /"nonce"/);
  });

  it('is not even asked for where the provider says no, and its words are repeated nowhere', async () => {
    const expected = {
      access_denied: 'cancelled',
      login_required: 'failed',
      'no-such <b>error</b>': 'failed',
      server_error: 'unavailable',
      temporarily_unavailable: 'unavailable',
    };
    for (const [error, reason] of Object.entries(expected)) {
      const browser = new CookieBrowser();
      const callback = new URL(await stage.goThere(browser, 'ann'));
      callback.searchParams.delete('code');
      callback.searchParams.set('error', error);
      callback.searchParams.set('error_description', 'Call 555-0100 <script>alert(1)</script>');
      const reply = await browser.visit(callback.href);
      assert.equal(refusalOf(reply), reason, error);
      assert.equal(await stage.whoIs(browser), null);
      assert.doesNotMatch(`${reply.headers.get('location')} ${JSON.stringify(stage.rig.lines)}`, /555-0100|<b>/);
      assert.equal(refusalOf(await browser.visit(callback.href)), 'expired', 'and it counts once, like any answer');
    }
  });

  function lastRefusal(): string {
    const line = JSON.stringify(stage.rig.lines.findLast(({ event }) => event === 'sign-in refused'));
    assert.match(line, /"failed"/);
    return line.replaceAll('\\"', '"');
  }
});

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
