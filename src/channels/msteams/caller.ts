import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { Clock } from '../../model/clock.ts';
import type { KeySet, PublishedKey } from '../key-set.ts';

/** Who signed a request, as far as its token tells. */
export interface Caller {
  readonly serviceUrl: string;
  /** The channels the signing key may speak for. */
  readonly endorsements: readonly string[];
}

export interface Refusal {
  readonly status: 401 | 503;
  readonly refused: string;
}

export interface CallerRules {
  readonly appId: string;
  readonly issuer: string;
  readonly keys: KeySet;
  readonly clock: Clock;
}

/** Honest ones are below 2 KiB, and the work grows with the token. */
const MAX_TOKEN_CHARS = 16_384;
const SKEW_S = 300;

/** Checks the bearer token of a request. What the token says of the body has yet to be compared with it. */
export async function identifyCaller(header: unknown, rules: CallerRules): Promise<Caller | Refusal> {
  const token =
    typeof header === 'string' ? /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header.slice(0, MAX_HEADER))?.[1] : null;
  if (token === undefined || token === null) return refuse('it bears no token');
  const kid = readKid(token);
  if (kid === null) return refuse('its token is not signed with RS256 by a named key');
  const key = await rules.keys.find(kid);
  if (key === 'unavailable') return { status: 503, refused: 'the keys to check its token by could not be fetched' };
  return key === null ? refuse('its token is signed by an unknown key') : verify(token, key, rules);
}

const MAX_HEADER = MAX_TOKEN_CHARS + 'Bearer '.length + 1;

async function verify(
  token: string,
  { key, endorsements }: PublishedKey,
  rules: CallerRules,
): Promise<Caller | Refusal> {
  const { appId, issuer, clock } = rules;
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['RS256'],
      issuer,
      audience: [appId, `api://botid-${appId}`, `api://${appId}`],
      requiredClaims: ['exp'],
      clockTolerance: SKEW_S,
      currentDate: new Date(clock.now()),
    });
    const { serviceurl } = payload;
    return typeof serviceurl === 'string'
      ? { serviceUrl: serviceurl, endorsements }
      : refuse('its token names no serviceurl');
  } catch (error) {
    return refuse(explain(error));
  }
}

function readKid(token: string): string | null {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return alg === 'RS256' && typeof kid === 'string' && kid.length <= 200 ? kid : null;
  } catch {
    return null;
  }
}

function explain(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'its token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its token has the wrong ${error.claim.slice(0, 20)}`;
  return 'its token does not verify';
}

function refuse(reason: string): Refusal {
  return { status: 401, refused: reason };
}
