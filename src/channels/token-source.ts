import type { Clock } from '../model/clock.ts';
import { type JsonObject, parseJsonObject } from '../model/json.ts';
import type { Busy, Failed, Rejected } from '../model/outcome.ts';
import type { Outbound, OutboundResponse, OutboundResult } from './outbound.ts';
import { parseRetryAfter } from './retry-after.ts';
import { preparationUnanswered } from './unanswered.ts';

/** How one connection asks an OAuth 2.0 token endpoint. */
export interface TokenRequest {
  readonly url: string;
  /** The form to post, made anew for every request; a rejection when the settings do not allow one. */
  writeForm(): Promise<URLSearchParams | Rejected>;
  /** What no log may ever show. */
  readonly secrets: readonly string[];
  /** What to repeat of a refusal besides its `error`: codes and known phrases, for its prose may quote what it was sent. */
  readReasons(refusal: JsonObject): readonly string[];
}

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
 * A connection's bearer token: fetched on first use, renewed five minutes before it ends while the old one still
 * serves, by one request however many sends wait for it.
 */
export class TokenSource {
  readonly #request: TokenRequest;
  readonly #tools: TokenTools;
  readonly #closing = new AbortController();
  #current: Credentials | null = null;
  #refreshAt = 0;
  #endsAt = 0;
  #fetching: Promise<Credentials | NoCredentials> | null = null;
  #refusal: NoCredentials | null = null;
  #askAgainAt = 0;

  constructor(request: TokenRequest, tools: TokenTools) {
    this.#request = request;
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
    const { secrets } = this.#request;
    return this.#current === null ? secrets : [...secrets, this.#current.token];
  }

  /** One authorised call. An answer that says the token lapsed early has another one fetched and tried, once. */
  async call(
    send: (headers: Credentials['headers']) => Promise<OutboundResult>,
    signal: AbortSignal,
    hasLapsed: (answer: OutboundResponse) => boolean = ({ status }) => status === 401,
  ): Promise<OutboundResult | { readonly outcome: NoCredentials }> {
    const credentials = await this.get(signal);
    if (credentials.kind !== 'credentials') return { outcome: credentials };
    const answer = await send(credentials.headers);
    if (answer.kind !== 'response' || !hasLapsed(answer)) return answer;

    this.#drop(credentials);
    const renewed = await this.get(signal);
    return renewed.kind === 'credentials' ? send(renewed.headers) : { outcome: renewed };
  }

  close(): void {
    this.#closing.abort();
  }

  /** Unless another send has replaced them already. */
  #drop(refused: Credentials): void {
    if (this.#current === refused) this.#current = null;
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
    const grant = await this.#ask();
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

  async #ask(): Promise<Grant | NoCredentials> {
    const form = await this.#request.writeForm();
    if (!(form instanceof URLSearchParams)) return form;
    const result = await this.#post(form.toString());
    if (result.kind !== 'response') return preparationUnanswered(result);
    if (result.status === 200) return readGrant(result);
    return this.#explainRefusal(result);
  }

  #explainRefusal({ status, headers, body }: OutboundResponse): NoCredentials {
    const retryAfterMs = parseRetryAfter(headers['retry-after'], this.#tools.clock.now());
    const refusal = parseJsonObject(body) ?? {};
    const reasons = [...errorOf(refusal), ...this.#request.readReasons(refusal)];
    const detail = `The token endpoint answered ${status}${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}.`;
    if (status === 429) return { kind: 'busy', scope: 'connection', retryAfterMs, detail };
    if (status >= 500 || status === 408) return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
    return { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail };
  }

  /** Has its own deadline: the send that happened to come first must not take the others' token with it. */
  async #post(body: string): Promise<OutboundResult> {
    const { outbound, clock, allowPrivateNetwork } = this.#tools;
    const deadline = new AbortController();
    const cancel = clock.after(FETCH_TIMEOUT_MS, () => deadline.abort(new DOMException('', 'TimeoutError')));
    try {
      return await outbound.request({
        method: 'POST',
        url: this.#request.url,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          'user-agent': 'beckon',
        },
        body,
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

function readGrant(answer: OutboundResponse): Grant | Failed {
  const body = parseJsonObject(answer.body);
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

function errorOf({ error }: JsonObject): readonly string[] {
  return typeof error === 'string' && /^[a-z_]{1,50}$/.test(error) ? [error] : [];
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
