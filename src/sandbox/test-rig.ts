import { createPrivateKey } from 'node:crypto';
import { after } from 'node:test';
import { SignJWT } from 'jose';
import { type Clock, systemClock } from '../model/clock.ts';
import { type JsonObject, parseJsonObject } from '../model/json.ts';
import type { GoogleAccount } from './google-accounts.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';

/** A sandbox for the tests of one file; closed after them. */
export async function openRig(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox(options);
  after(() => sandbox.close());
  return sandbox;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty when the body is no JSON object. */
  readonly json: JsonObject;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, a form as a form, anything else as JSON. */
  readonly body?: unknown;
}

export async function call(url: string, { method = 'POST', headers = {}, body }: Sent = {}): Promise<Reply> {
  const isPlain = body === undefined || typeof body === 'string' || body instanceof URLSearchParams;
  const response = await fetch(url, {
    method,
    headers: isPlain ? headers : { 'content-type': 'application/json', ...headers },
    body: isPlain ? (body ?? null) : JSON.stringify(body),
    redirect: 'manual',
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parseJsonObject(text) ?? {} };
}

/** The code of the socket error behind a failed `fetch`. */
export async function errorCodeOf(pending: Promise<unknown>): Promise<string> {
  try {
    await pending;
    return 'none';
  } catch (error) {
    const cause: unknown = error instanceof Error ? error.cause : null;
    return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : String(error);
  }
}

export function askToken(sandbox: Sandbox, fields: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const { teams } = sandbox.credentials;
  const { authority = teams.tenantId, ...form } = fields;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: teams.appId,
    client_secret: teams.appPassword,
    scope: 'https://api.botframework.com/.default',
    ...form,
  });
  return call(`${sandbox.urls.login}/${authority}/oauth2/v2.0/token`, { body });
}

export async function tokenOf(sandbox: Sandbox, fields: Readonly<Record<string, string>> = {}): Promise<string> {
  return String((await askToken(sandbox, fields)).json['access_token']);
}

/** A bot that has its token: what the Teams tests talk through. */
export async function openBot(sandbox: Sandbox) {
  const headers = { authorization: `Bearer ${await tokenOf(sandbox)}` };
  const conversations = `${sandbox.urls.teams}v3/conversations`;
  const tenantId = sandbox.credentials.teams.tenantId;
  const create = (member: string, more: JsonObject = {}) =>
    call(conversations, { headers, body: { members: [{ id: member }], tenantId, ...more } });
  const send = (conversation: string, activity: unknown = { type: 'message', text: 'hello' }) =>
    call(`${conversations}/${encodeURIComponent(conversation)}/activities`, { headers, body: activity });
  const conversationWith = async (member: string) => String((await create(member)).json['id']);
  return { headers, conversations, create, send, conversationWith };
}

/** A Chat app that has its token: what the Google Chat tests talk through. `clock` is the sandbox's. */
export async function openChatApp(
  sandbox: Sandbox,
  { clock = systemClock, account = sandbox.credentials.googleChat }: { clock?: Clock; account?: GoogleAccount } = {},
) {
  const issuedAt = Math.floor(clock.now() / 1000);
  const assertion = await new SignJWT({ scope: 'https://www.googleapis.com/auth/chat.bot' })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: account.privateKeyId })
    .setIssuer(account.clientEmail)
    .setAudience(sandbox.urls.googleToken)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + 3600)
    .sign(createPrivateKey(account.privateKey));
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
  const { json } = await call(sandbox.urls.googleToken, { body: new URLSearchParams(grant) });
  const headers = { authorization: `Bearer ${String(json['access_token'])}` };
  const api = `${sandbox.urls.googleChat}v1/`;
  const send = (space: string, body: unknown = { text: 'hello' }, query = '') =>
    call(`${api}${space}/messages${query}`, { headers, body });
  const find = (user: string) =>
    call(`${api}spaces:findDirectMessage?name=${encodeURIComponent(user)}`, { method: 'GET', headers });
  const list = (query = '') => call(`${api}spaces${query}`, { method: 'GET', headers });
  return { headers, send, find, list };
}

/** Time that stands still until it is moved. */
export function openManualClock(startAt = 1_800_000_000_000): Clock & { advance(byMs: number): void } {
  let elapsedMs = 0;
  let timers: { readonly at: number; readonly task: () => void }[] = [];
  return {
    now: () => startAt + elapsedMs,
    monotonic: () => elapsedMs,
    after(delayMs, task) {
      const timer = { at: elapsedMs + delayMs, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(byMs) {
      elapsedMs += byMs;
      const due = timers.filter(({ at }) => at <= elapsedMs);
      timers = timers.filter(({ at }) => at > elapsedMs);
      for (const { task } of due) task();
    },
  };
}
