import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { parse as parseForm } from 'node:querystring';
import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose';
import type { Clock } from '../model/clock.ts';
import type { GoogleAccount } from './google-accounts.ts';
import { type Answer, type Call, json, type Plan, type Provider, planAnswer } from './provider.ts';

export interface TokenHolder {
  readonly clientEmail: string;
  readonly scopes: readonly string[];
}

export interface GoogleToken extends Provider {
  /** Whose token it is; null unless it was issued here and has not expired. */
  holderOf(token: string): TokenHolder | null;
}

interface Issued extends TokenHolder {
  /** Epoch ms. */
  readonly expiresAt: number;
}

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const REAL_AUDIENCE = 'https://oauth2.googleapis.com/token';
const MAX_ASSERTION_S = 3600;
const CLOCK_SKEW_S = 300;
const PRUNE_FROM = 1000;

/** Google's token endpoint for service accounts: takes an assertion signed with the account's key, gives an opaque token. */
export function openGoogleToken(
  accounts: readonly GoogleAccount[],
  lifetimeSeconds: number,
  clock: Clock,
): GoogleToken {
  const keys = new Map(accounts.map(({ clientEmail, privateKey }) => [clientEmail, createPublicKey(privateKey)]));
  const issued = new Map<string, Issued>();

  function plan(call: Call): Plan {
    if (call.path !== '/token') return planAnswer('unknown', refuse(404));
    if (call.method !== 'POST') return planAnswer('token', refuse(405));
    return { route: 'token', recipient: null, exclusive: null, run: () => answer(call) };
  }

  async function answer(call: Call): Promise<Answer> {
    const { grant_type: grantType, assertion } = parseForm(call.body);
    if (grantType !== GRANT_TYPE) return no(400, 'unsupported_grant_type', `Invalid grant_type: ${grantType ?? ''}`);
    if (typeof assertion !== 'string') return no(400, 'invalid_request', 'Missing required parameter: assertion');
    const checked = await checkAssertion(assertion, audiencesOf(call));
    if ('refusal' in checked) return checked.refusal;
    return json(200, {
      access_token: issue(checked),
      expires_in: Math.max(0, lifetimeSeconds - 1),
      token_type: 'Bearer',
    });
  }

  async function checkAssertion(assertion: string, audiences: readonly string[]) {
    const claims = readClaims(assertion);
    if (claims === null) return refusal('invalid_grant', 'Invalid JWT: the assertion is not a JWT.');
    const account = accounts.find(({ clientEmail }) => clientEmail === claims.issuer);
    const key = keys.get(claims.issuer);
    if (account === undefined || key === undefined) {
      return refusal('invalid_grant', 'Invalid grant: account not found');
    }
    const isOtherKey = claims.keyId !== undefined && claims.keyId !== account.privateKeyId;
    if (isOtherKey || !(await isSignedBy(assertion, key))) return refusal('invalid_grant', 'Invalid JWT Signature.');
    if (!audiences.includes(claims.audience)) {
      const right = `Invalid JWT: Failed audience check. The right audience is ${REAL_AUDIENCE}`;
      return refusal('invalid_grant', right);
    }
    if (!isShortLived(claims, clock.now() / 1000)) return refusal('invalid_grant', NOT_SHORT_LIVED);
    if (claims.scopes.length === 0) return refusal('invalid_scope', 'Empty or missing scope not allowed.');
    return { clientEmail: account.clientEmail, scopes: claims.scopes };
  }

  function issue(holder: TokenHolder): string {
    const token = `ya29.sandbox-${randomBytes(24).toString('base64url')}`;
    if (issued.size >= PRUNE_FROM) pruneExpired(issued, clock.now());
    issued.set(token, { ...holder, expiresAt: clock.now() + lifetimeSeconds * 1000 });
    return token;
  }

  function holderOf(token: string): TokenHolder | null {
    const holder = issued.get(token);
    return holder !== undefined && holder.expiresAt > clock.now() ? holder : null;
  }

  return { plan, refuse, holderOf };
}

const NOT_SHORT_LIVED =
  'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.';

/** The endpoint may be meant by Google's own address, or by the one it has here. */
function audiencesOf(call: Call): readonly string[] {
  return [REAL_AUDIENCE, `http://${call.headers('host') ?? ''}/googletoken/token`];
}

interface Claims {
  readonly issuer: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Epoch seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly keyId: string | undefined;
}

function readClaims(assertion: string): Claims | null {
  try {
    const { iss, aud, iat, exp, scope } = decodeJwt(assertion);
    return {
      issuer: iss ?? '',
      audience: typeof aud === 'string' ? aud : '',
      scopes: typeof scope === 'string' ? scope.split(' ').filter((name) => name !== '') : [],
      issuedAt: iat ?? 0,
      expiresAt: exp ?? 0,
      keyId: decodeProtectedHeader(assertion).kid,
    };
  } catch {
    return null;
  }
}

async function isSignedBy(assertion: string, key: KeyObject): Promise<boolean> {
  try {
    await compactVerify(assertion, key, { algorithms: ['RS256'] });
    return true;
  } catch {
    return false;
  }
}

function isShortLived({ issuedAt, expiresAt }: Claims, nowS: number): boolean {
  const isPresent = issuedAt <= nowS + CLOCK_SKEW_S && expiresAt > nowS;
  return isPresent && expiresAt > issuedAt && expiresAt - issuedAt <= MAX_ASSERTION_S;
}

function refusal(error: string, description: string): { readonly refusal: Answer } {
  return { refusal: no(400, error, description) };
}

function no(status: number, error: string, description: string): Answer {
  return json(status, { error, error_description: description });
}

function refuse(status: number): Answer {
  if (status === 401) return no(401, 'invalid_client', 'Unauthorized');
  if (status === 429) return no(429, 'rate_limit_exceeded', 'Too many requests.');
  if (status >= 500) return no(status, 'internal_failure', 'Try again later.');
  return no(status, 'invalid_request', 'Bad Request');
}

function pruneExpired(issued: Map<string, Issued>, now: number): void {
  for (const [token, { expiresAt }] of issued) if (expiresAt <= now) issued.delete(token);
}
