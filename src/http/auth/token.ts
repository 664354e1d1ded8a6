import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../model/clock.ts';
import type { JsonObject } from '../../model/json.ts';
import type { App, Tenancy } from '../../model/tenancy.ts';
import { Fault } from '../faults.ts';
import { checkHeader, decodeObject, splitCompact } from './compact.ts';
import { openEncryptedToken } from './jwe.ts';
import type { FindPlatformKey } from './platform-key.ts';
import { keepReading, type Reading, recallReading } from './readings.ts';
import { checkSignature } from './signature.ts';
import { UnprovenToken } from './unproven-token.ts';

/** A token whose signature and times are good. */
export interface VerifiedToken {
  readonly app: App;
  /** The acting user; the client id when the token names none. */
  readonly subject: string;
  readonly jti: string | null;
  /** Epoch seconds. */
  readonly exp: number | null;
}

/** Clocks of honest callers differ by a little. */
export const LEEWAY_MS = 5000;

export const hasToken = ({ auth, authorization }: IncomingHttpHeaders): boolean =>
  (typeof auth === 'string' && auth !== '') || authorization !== undefined;

/** The token from `auth:`, else from `Authorization: Bearer`. A `Bearer ` before it is a courtesy on both. */
export function findToken(headers: IncomingHttpHeaders): string {
  const given = headers['auth'];
  if (typeof given === 'string' && given !== '') return given.replace(/^Bearer +/i, '');
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer === undefined) throw new Fault('token_missing');
  return bearer;
}

/** Rejects with a `Fault` for every reason not to trust the token; replay is `refuseReplay`'s, which comes after. */
export async function verifyToken(
  token: string,
  parts: { readonly tenancy: Tenancy; readonly clock: Clock; readonly platformKey: FindPlatformKey },
): Promise<VerifiedToken> {
  const known = recallReading(token);
  const { claims, algorithm, signed } =
    known === null ? await readToken(token, parts.platformKey) : { ...known, signed: token };
  // An encrypted one is opened at every call: the key may be another by now.
  const isEncrypted = signed !== token;
  const app = findApp(claims, parts.tenancy);
  if (app.enforceJwe && !isEncrypted) throw new UnprovenToken(app.clientId);
  if (algorithm !== app.algorithm) throw new UnprovenToken(app.clientId);
  await checkEitherKey(signed, app, parts.clock.now());
  checkTimes(claims, parts.clock.now());

  const jti = findJti(claims);
  if (known === null && jti === null && !isEncrypted) keepReading(token, { claims, algorithm });
  return {
    app,
    subject: findText(claims, ['kore_sub', 'sub']) ?? app.clientId,
    jti,
    exp: typeof claims['exp'] === 'number' ? claims['exp'] : null,
  };
}

/** With the JWS: the token itself, or what was encrypted in it. */
async function readToken(token: string, platformKey: FindPlatformKey): Promise<Reading & { readonly signed: string }> {
  const outer = splitCompact(token);
  const parts = outer.length === 5 ? await openEncryptedToken(outer, await platformKey()) : outer;
  const header = decodeObject(parts[0]);
  const claims = decodeObject(parts[1]);
  checkHeader(header);
  return { claims, algorithm: header['alg'], signed: parts.join('.') };
}

/** While a key is changed the one before it is good as well. */
async function checkEitherKey(token: string, app: App, now: number): Promise<void> {
  const { former } = app;
  if (former === undefined || former.until <= now) return checkSignature(token, app);
  return checkSignature(token, app).catch(() => checkSignature(token, former.app));
}

/** `appId` decides when it is there. `iss` may belong to the caller's identity provider, so it may miss and `kore_iss` is next. */
function findApp(claims: JsonObject, tenancy: Tenancy): App {
  const names = Object.hasOwn(claims, 'appId') ? ['appId'] : ['iss', 'kore_iss'];
  for (const name of names) {
    const clientId = claims[name];
    const app = typeof clientId === 'string' ? tenancy.app(clientId) : null;
    if (app !== null) return app;
  }
  throw new UnprovenToken(names.map((name) => claims[name]).find((claimed) => typeof claimed === 'string'));
}

function checkTimes(claims: JsonObject, now: number): void {
  for (const name of ['exp', 'nbf', 'iat']) {
    if (Object.hasOwn(claims, name) && !Number.isSafeInteger(claims[name])) throw new Fault('token_refused');
  }
  const { exp, nbf } = claims;
  if (typeof exp === 'number' && exp * 1000 + LEEWAY_MS <= now) throw new Fault('token_refused');
  if (typeof nbf === 'number' && nbf * 1000 - LEEWAY_MS > now) throw new Fault('token_refused');
}

/** `kore_jti` exists for callers whose identity provider fills `jti`, hence it goes first. Bounded, since it is stored. */
function findJti(claims: JsonObject): string | null {
  const jti = claims['kore_jti'] ?? claims['jti'] ?? null;
  if (jti === null) return null;
  const isUsable = typeof jti === 'string' && /^[^\0]{1,255}$/s.test(jti) && jti.isWellFormed();
  if (!isUsable) throw new Fault('token_refused');
  return jti;
}

function findText(claims: JsonObject, names: readonly string[]): string | null {
  for (const name of names) {
    const value = claims[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}
