import type { Clock } from '../../model/clock.ts';
import { parseJsonObject } from '../../model/json.ts';
import type { Busy, Failed, Rejected } from '../../model/outcome.ts';
import type { Outbound, OutboundResponse, OutboundResult } from '../outbound.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { preparationUnanswered } from '../unanswered.ts';
import { cloudOf } from './clouds.ts';
import type { TeamsSettings } from './settings.ts';

export interface TokenTools {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly allowPrivateNetwork: boolean;
}

/** A token and the headers that carry it, made once and used by every call until the token changes. */
export interface Credentials {
  readonly kind: 'credentials';
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Why there is no token. Nothing was sent to anyone. */
export type NoCredentials = Rejected | Busy | Failed;

const FETCH_TIMEOUT_MS = 10_000;
const REFRESH_BEFORE_END_S = 300;
/** After a refusal, how long it is repeated without asking again: thousands of sends share one token. */
const ASK_AGAIN_MS = 1_000;

/**
 * The bot's token: fetched on first use, renewed five minutes before it ends while the old one still serves, by one
 * request however many sends wait for it.
 */
export class TokenSource {
  readonly #url: string;
  readonly #body: string;
  readonly #password: string;
  readonly #tools: TokenTools;
  readonly #closing = new AbortController();
  #current: Credentials | null = null;
  #refreshAt = 0;
  #endsAt = 0;
  #fetching: Promise<Credentials | NoCredentials> | null = null;
  #refusal: NoCredentials | null = null;
  #askAgainAt = 0;

  constructor(settings: TeamsSettings, tools: TokenTools) {
    const cloud = cloudOf(settings.loginUrl);
    const authority = settings.multiTenant ? cloud.multiTenantAuthority : settings.tenantId;
    this.#url = `${settings.loginUrl.replace(/\/+$/, '')}/${authority}/oauth2/v2.0/token`;
    this.#body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: settings.appId,
      client_secret: settings.appPassword,
      scope: cloud.scope,
    }).toString();
    this.#password = settings.appPassword;
    this.#tools = tools;
  }

  /** Answers without waiting when a token is at hand. */
  get(signal: AbortSignal): Credentials | NoCredentials | Promise<Credentials | NoCredentials> {
    const now = this.#tools.clock.monotonic();
    if (this.#current !== null && now < this.#refreshAt) return this.#current;
    const renewal = this.#renew(now);
    if (this.#current !== null && now < this.#endsAt) return this.#current;
    return renewal instanceof Promise ? waitWithin(renewal, signal) : renewal;
  }

  /** What no log may ever show. */
  get secrets(): readonly string[] {
    return this.#current === null ? [this.#password] : [this.#password, this.#current.token];
  }

  /** The connector refused these; the next `get` fetches others. */
  drop(refused: Credentials): void {
    if (this.#current === refused) this.#current = null;
  }

  close(): void {
    this.#closing.abort();
  }

  #renew(now: number): NoCredentials | Promise<Credentials | NoCredentials> {
    if (this.#fetching !== null) return this.#fetching;
    if (this.#refusal !== null && now < this.#askAgainAt) return this.#refusal;
    this.#fetching = this.#fetch().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<Credentials | NoCredentials> {
    const { clock } = this.#tools;
    const askedAt = clock.monotonic();
    const grant = readGrant(await this.#post(), clock.now());
    if ('kind' in grant) {
      this.#refusal = grant;
      this.#askAgainAt = clock.monotonic() + Math.max(waitOf(grant), ASK_AGAIN_MS);
      return grant;
    }
    const { token, lifetimeS } = grant;
    this.#refusal = null;
    this.#refreshAt = askedAt + Math.max(lifetimeS - REFRESH_BEFORE_END_S, lifetimeS / 2) * 1000;
    this.#endsAt = askedAt + lifetimeS * 1000;
    this.#current = {
      kind: 'credentials',
      token,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'user-agent': 'beckon' },
    };
    return this.#current;
  }

  /** Has its own deadline: the send that happened to come first must not take the others' token with it. */
  async #post(): Promise<OutboundResult> {
    const { outbound, clock, allowPrivateNetwork } = this.#tools;
    const deadline = new AbortController();
    const cancel = clock.after(FETCH_TIMEOUT_MS, () => deadline.abort(new DOMException('', 'TimeoutError')));
    try {
      return await outbound.request({
        method: 'POST',
        url: this.#url,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          'user-agent': 'beckon',
        },
        body: this.#body,
        signal: AbortSignal.any([deadline.signal, this.#closing.signal]),
        allowPrivateNetwork,
      });
    } finally {
      cancel();
    }
  }
}

interface Grant {
  readonly token: string;
  readonly lifetimeS: number;
}

function readGrant(result: OutboundResult, now: number): Grant | NoCredentials {
  if (result.kind !== 'response') return preparationUnanswered(result);
  if (result.status !== 200) return explainRefusal(result, now);
  const body = parseJsonObject(result.body);
  const token = body?.['access_token'];
  const lifetimeS = Number(body?.['expires_in']);
  if (typeof token === 'string' && /^[!-~]+$/.test(token) && lifetimeS > 0 && lifetimeS < Number.POSITIVE_INFINITY) {
    return { token, lifetimeS };
  }
  return {
    kind: 'failed',
    reason: 'provider_error',
    detail: 'The token endpoint answered 200 without a usable token.',
  };
}

/** Of what the endpoint says only its codes are repeated: its prose may quote what it was sent. */
function explainRefusal({ status, headers, body }: OutboundResponse, now: number): NoCredentials {
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now);
  const detail = `The token endpoint answered ${status}${codesOf(body)}.`;
  if (status === 429) return { kind: 'busy', scope: 'connection', retryAfterMs, detail };
  if (status >= 500 || status === 408) return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
  return { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail };
}

function codesOf(body: string): string {
  const answer = parseJsonObject(body);
  const error = answer?.['error'];
  const code = /^AADSTS\d{1,9}/.exec(String(answer?.['error_description'] ?? ''))?.[0];
  const named = typeof error === 'string' && /^[a-z_]{1,50}$/.test(error) ? [error] : [];
  const codes = code === undefined ? named : [...named, code];
  return codes.length === 0 ? '' : ` (${codes.join(', ')})`;
}

const waitOf = (refusal: NoCredentials): number => (refusal.kind === 'rejected' ? 0 : (refusal.retryAfterMs ?? 0));

function waitWithin(
  renewal: Promise<Credentials | NoCredentials>,
  signal: AbortSignal,
): Promise<Credentials | NoCredentials> {
  const { promise, resolve, reject } = Promise.withResolvers<Credentials | NoCredentials>();
  const giveUp = () => {
    const detail = 'No token came before the time for this attempt ran out; nothing was sent.';
    resolve({ kind: 'failed', reason: 'provider_timeout', detail });
  };
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp, { once: true });
  renewal.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  return promise;
}
