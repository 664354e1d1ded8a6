import { createPublicKey, generateKeyPair, type KeyObject, randomUUID } from 'node:crypto';
import { parse as parseForm } from 'node:querystring';
import { promisify } from 'node:util';
import { exportJWK, SignJWT } from 'jose';
import type { Clock } from '../model/clock.ts';
import { type Answer, type Call, decodeSegment, json, type Plan, type Provider, planAnswer } from './provider.ts';

/** A registered application. Single-tenant ones get tokens from their home tenant, multi-tenant ones from botframework.com. */
export interface EntraApp {
  readonly appId: string;
  readonly secret: string;
  readonly tenantId: string;
  readonly multiTenant: boolean;
}

export interface TokenClaims {
  readonly appId: string;
  readonly audience: string;
  readonly tenantId: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

export interface Entra extends Provider {
  /** The claims of a token issued here and unexpired; null for any other string. Costs a look-up, not a verification. */
  claimsOf(token: string): TokenClaims | null;
}

export const BOT_AUDIENCE = 'https://api.botframework.com';
/** The directory behind the authority `botframework.com`. */
export const BOT_FRAMEWORK_TENANT = 'd6d49420-f39b-4df7-a1dc-d59a935871db';
/** Answers as a client secret that was right once. */
export const EXPIRED_SECRET = 'expired-secret';

const KEY_ID = 'sandbox-1';
const PRUNE_FROM = 1000;

export async function openEntra(apps: readonly EntraApp[], lifetimeSeconds: number, clock: Clock): Promise<Entra> {
  const privateKey = await signingKey();
  const keys = json(200, { keys: [await publicJwk(privateKey)] });
  const issued = new Map<string, TokenClaims>();

  function plan(call: Call): Plan {
    if (call.path === '/keys') return planAnswer('keys', keys);
    const authority = /^\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(call.path)?.[1];
    if (authority === undefined || call.method !== 'POST') return planAnswer('unknown', refuse(404));
    return { route: 'token', recipient: null, exclusive: null, run: () => answerToken(authority, call) };
  }

  async function answerToken(authority: string, call: Call): Promise<Answer> {
    const form = parseForm(call.body);
    const grant = checkGrant(apps, decodeSegment(authority), form, clock.now());
    if ('refusal' in grant) return grant.refusal;
    const token = await signToken(privateKey, grant, clock.now(), lifetimeSeconds);
    if (issued.size >= PRUNE_FROM) pruneExpired(issued, clock.now());
    issued.set(token, {
      appId: grant.appId,
      audience: grant.audience,
      tenantId: grant.tenantId,
      expiresAt: clock.now() + lifetimeSeconds * 1000,
    });
    const expiresIn = Math.max(0, lifetimeSeconds - 1);
    return json(200, {
      token_type: 'Bearer',
      expires_in: expiresIn,
      ext_expires_in: expiresIn,
      access_token: token,
    });
  }

  function claimsOf(token: string): TokenClaims | null {
    const claims = issued.get(token);
    return claims !== undefined && claims.expiresAt > clock.now() ? claims : null;
  }

  function refuse(status: number): Answer {
    if (status === 401) return aadError(401, 'invalid_client', 7000215, WRONG_SECRET, clock.now());
    if (status === 429) return aadError(429, 'temporarily_unavailable', 90055, 'Too many requests.', clock.now());
    if (status >= 500) return aadError(status, 'temporarily_unavailable', 90033, 'Try again later.', clock.now());
    return aadError(status, 'invalid_request', 900144, 'The request is not understood.', clock.now());
  }

  return { plan, refuse, claimsOf };
}

let generated: Promise<KeyObject> | null = null;

/** One key for all sandboxes of a process: making one takes longer than all the rest of a start. */
function signingKey(): Promise<KeyObject> {
  generated ??= promisify(generateKeyPair)('rsa', { modulusLength: 2048 }).then(({ privateKey }) => privateKey);
  return generated;
}

interface Grant {
  readonly appId: string;
  readonly audience: string;
  readonly tenantId: string;
}

type Form = Readonly<Record<string, string | string[] | undefined>>;

const WRONG_SECRET =
  'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.';

function checkGrant(
  apps: readonly EntraApp[],
  authority: string,
  form: Form,
  now: number,
): Grant | { readonly refusal: Answer } {
  const refuse = (status: number, error: string, code: number, message: string) => ({
    refusal: aadError(status, error, code, message, now),
  });
  const missing = ['grant_type', 'client_id', 'scope'].find((name) => typeof form[name] !== 'string');
  if (missing !== undefined) {
    return refuse(
      400,
      'invalid_request',
      900144,
      `The request body must contain the following parameter: '${missing}'.`,
    );
  }
  if (form['grant_type'] !== 'client_credentials') {
    return refuse(400, 'unsupported_grant_type', 70003, `The app requested an unsupported grant type.`);
  }
  const tenantId = tenantOf(apps, authority);
  if (tenantId === null) return refuse(400, 'invalid_request', 90002, `Tenant '${authority}' not found.`);
  const app = apps.find(({ appId }) => appId === form['client_id']);
  if (app === undefined || !isIn(app, tenantId)) {
    const name = String(form['client_id']);
    return refuse(
      400,
      'unauthorized_client',
      700016,
      `Application with identifier '${name}' was not found in the directory '${authority}'.`,
    );
  }
  if (typeof form['client_secret'] !== 'string') {
    return refuse(
      401,
      'invalid_client',
      7000216,
      `'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.`,
    );
  }
  if (form['client_secret'] === EXPIRED_SECRET) {
    return refuse(
      401,
      'invalid_client',
      7000222,
      `The provided client secret keys for app '${app.appId}' are expired.`,
    );
  }
  if (form['client_secret'] !== app.secret) return refuse(401, 'invalid_client', 7000215, WRONG_SECRET);
  const audience = /^(https:\/\/\S+)\/\.default$/.exec(String(form['scope']))?.[1];
  if (audience === undefined) return refuse(400, 'invalid_scope', 70011, `The provided value for scope is not valid.`);
  return { appId: app.appId, audience, tenantId };
}

function tenantOf(apps: readonly EntraApp[], authority: string): string | null {
  const name = authority.toLowerCase();
  if (name === 'botframework.com' || name === BOT_FRAMEWORK_TENANT) return BOT_FRAMEWORK_TENANT;
  return apps.find(({ tenantId }) => tenantId.toLowerCase() === name)?.tenantId ?? null;
}

/** A multi-tenant app is known at home too; what it gets there is a token that the Bot Connector refuses. */
function isIn(app: EntraApp, tenantId: string): boolean {
  return app.tenantId === tenantId || (app.multiTenant && tenantId === BOT_FRAMEWORK_TENANT);
}

function aadError(status: number, error: string, code: number, message: string, now: number): Answer {
  const timestamp = new Date(now)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
  const traceId = randomUUID();
  const correlationId = randomUUID();
  return json(status, {
    error,
    error_description: `AADSTS${code}: ${message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
  });
}

function signToken(key: KeyObject, grant: Grant, now: number, lifetimeSeconds: number): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT({ appid: grant.appId, tid: grant.tenantId, uti: randomUUID() })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: KEY_ID })
    .setIssuer(`https://sts.windows.net/${grant.tenantId}/`)
    .setAudience(grant.audience)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .sign(key);
}

async function publicJwk(privateKey: KeyObject) {
  return { ...(await exportJWK(createPublicKey(privateKey))), kid: KEY_ID, use: 'sig', alg: 'RS256' };
}

function pruneExpired(issued: Map<string, TokenClaims>, now: number): void {
  for (const [token, claims] of issued) if (claims.expiresAt <= now) issued.delete(token);
}
