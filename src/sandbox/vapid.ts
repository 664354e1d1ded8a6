import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type JsonObject, parseJsonObject } from '../model/json.ts';

export type VapidFault =
  | 'the Authorization header is missing'
  | 'the Authorization header must be: vapid t=<JWT>, k=<public key>'
  | 'the public key is no P-256 key'
  | 'the JWT is not signed with the key in k'
  | 'aud must be the origin of the endpoint'
  | 'exp must be in the future, and at most 24 hours away'
  | 'sub must be a mailto: or https: URL';

const HEADER = /^vapid t=([\w-]+\.[\w-]+\.[\w-]+), ?k=([\w-]+)$/i;
const DAY_S = 86_400;

/** Who sends, by RFC 8292: the public key that signed the header's JWT, or what is wrong with it. */
export function checkVapid(
  header: string | null,
  origin: string,
  now: number,
): { readonly publicKey: string } | { readonly fault: VapidFault } {
  if (header === null) return { fault: 'the Authorization header is missing' };
  const [, token = '', publicKey = ''] = HEADER.exec(header) ?? [];
  if (token === '') return { fault: 'the Authorization header must be: vapid t=<JWT>, k=<public key>' };
  const key = readKey(publicKey);
  if (key === null) return { fault: 'the public key is no P-256 key' };
  const claims = readClaims(token, key);
  if (claims === null) return { fault: 'the JWT is not signed with the key in k' };
  const fault = findFault(claims, origin, now);
  return fault === null ? { publicKey } : { fault };
}

function readKey(publicKey: string): KeyObject | null {
  const point = Buffer.from(publicKey, 'base64url');
  if (point.length !== 65 || point[0] !== 4) return null;
  const x = point.toString('base64url', 1, 33);
  const y = point.toString('base64url', 33);
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch {
    return null;
  }
}

/** Null unless it is a JWT with an ES256 signature by this key. */
function readClaims(token: string, key: KeyObject): JsonObject | null {
  const [header = '', claims = '', signature = ''] = token.split('.');
  if (decode(header)?.['alg'] !== 'ES256') return null;
  const signed = Buffer.from(`${header}.${claims}`);
  const isSigned = verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  return isSigned ? decode(claims) : null;
}

function decode(part: string): JsonObject | null {
  return parseJsonObject(Buffer.from(part, 'base64url').toString('utf8'));
}

function findFault({ aud, exp, sub }: JsonObject, origin: string, now: number): VapidFault | null {
  if (aud !== origin) return 'aud must be the origin of the endpoint';
  const leftS = typeof exp === 'number' ? exp - now / 1000 : 0;
  if (leftS <= 0 || leftS > DAY_S) return 'exp must be in the future, and at most 24 hours away';
  const isContact = typeof sub === 'string' && /^(?:mailto:|https:\/\/)./.test(sub);
  return isContact ? null : 'sub must be a mailto: or https: URL';
}
