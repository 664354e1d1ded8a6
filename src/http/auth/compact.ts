import { isUtf8 } from 'node:buffer';
import type { JsonObject } from '../../model/json.ts';
import { Fault } from '../faults.ts';
import { parseUnambiguousObject } from './strict-json.ts';

/** Nothing longer is looked at: the libraries' work grows with the token, and no honest one comes near. */
const MAX_TOKEN_CHARS = 8192;

const PART = /^[A-Za-z0-9_-]*$/;

/** The parts of a compact JWS (3) or JWE (5): canonical base64url without padding, so that a token has one spelling. */
export function splitCompact(token: string): string[] {
  if (token.length > MAX_TOKEN_CHARS) throw new Fault('token_malformed');
  const parts = token.split('.');
  if (parts.length !== 3 && parts.length !== 5) throw new Fault('token_malformed');
  if (!parts.every(isCanonical)) throw new Fault('token_malformed');
  return parts;
}

/** The JSON object in one part of a token. */
export function decodeObject(part: string | undefined): JsonObject {
  const bytes = Buffer.from(part ?? '', 'base64url');
  const value = isUtf8(bytes) ? parseUnambiguousObject(bytes.toString('utf8')) : null;
  if (value === null) throw new Fault('token_malformed');
  return value;
}

/** Headers that bring their own key or change how the rest is read. None is honoured, so none is let by. */
const FORBIDDEN_HEADERS = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip'];

/** Refuses what a header may not say. A `kid` selects nothing here (an app has one key), but must look like one. */
export function checkHeader(header: JsonObject): void {
  const { kid, typ } = header;
  if (FORBIDDEN_HEADERS.some((name) => Object.hasOwn(header, name))) throw new Fault('token_refused');
  if (kid !== undefined && !(typeof kid === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(kid))) {
    throw new Fault('token_refused');
  }
  if (typ !== undefined && !(typeof typ === 'string' && typ.toUpperCase() === 'JWT')) throw new Fault('token_refused');
}

/** The last character of base64url may carry spare bits that decoders ignore; they must be zero. */
function isCanonical(part: string): boolean {
  return PART.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part;
}
