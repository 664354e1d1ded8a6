import type { Clock } from '../../model/clock.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Busy, Failed, Rejected } from '../../model/outcome.ts';
import type { Reason } from '../../model/reasons.ts';
import type { Connection } from '../../model/tenancy.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { ChannelTools } from '../contract.ts';
import type { Outbound, OutboundResult } from '../outbound.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { type NoCredentials, TokenSource } from '../token-source.ts';
import { preparationUnanswered } from '../unanswered.ts';
import type { TeamsSettings } from './settings.ts';
import { requestGraphToken } from './token.ts';

/** Why Graph did not do what it was asked for. No message is involved. */
export type GraphRefusal = Rejected | Busy | Failed;

export interface GraphAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Lower-case names; the first value. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty when the answer holds no JSON object. */
  readonly body: JsonObject;
}

export interface GraphCall {
  readonly method: 'GET' | 'POST';
  /** Below `/v1.0`, with its query. */
  readonly path: string;
  readonly body?: JsonObject;
  readonly signal: AbortSignal;
}

/** What Graph is asked for, and hence whom its no concerns. */
export interface GraphPurpose {
  /** `connection` in look-ups alone, which the engine then holds by themselves: the connector needs none of Graph. */
  readonly scope: 'connection' | 'recipient';
  readonly reason: Reason;
}

/** Microsoft Graph, with the application's own token of the directory the people are in. */
export class Graph {
  readonly #url: string;
  readonly #outbound: Outbound;
  readonly #clock: Clock;
  readonly #allowPrivateNetwork: boolean;
  readonly #tokens: TokenSource;
  /** Until when Graph asked to be left alone, monotonic. */
  #pausedUntil = 0;

  constructor(settings: TeamsSettings, { allowPrivateNetwork }: Connection, tools: ChannelTools) {
    this.#url = settings.graphUrl.replace(/\/+$/, '');
    this.#outbound = tools.outbound;
    this.#clock = tools.clock;
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#tokens = new TokenSource(requestGraphToken(settings), { ...tools, allowPrivateNetwork });
  }

  /** Answers with any status but 429. */
  async call(call: GraphCall, purpose: GraphPurpose): Promise<GraphAnswer | GraphRefusal> {
    const pausedMs = this.#pausedUntil - this.#clock.monotonic();
    if (pausedMs > 0) return busy(pausedMs, 'Microsoft Graph asked to wait.', purpose);
    const result = await this.#send(call);
    if ('outcome' in result) return addressTo(result.outcome, purpose);
    if (result.kind !== 'response') return addressTo(preparationUnanswered(result), purpose);
    const answer: GraphAnswer = {
      kind: 'answer',
      status: result.status,
      headers: firstValues(result.headers),
      body: parseJsonObject(result.body) ?? {},
    };
    return answer.status === 429 ? this.judge(answer, purpose) : answer;
  }

  /** What an answer means that is not the one hoped for. A part of a batch may be judged as well. */
  judge(answer: GraphAnswer, purpose: GraphPurpose): GraphRefusal {
    const { status } = answer;
    const detail = this.explain(answer);
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], this.#clock.now());
    if (status === 429) return this.#pause(retryAfterMs, detail, purpose);
    if (status >= 500 || status === 408 || status < 300) {
      return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
    }
    return { kind: 'rejected', ...purpose, detail };
  }

  explain({ status, body }: GraphAnswer): string {
    const error = isJsonObject(body['error']) ? body['error'] : {};
    const words = [error['code'], error['message']].filter((word) => typeof word === 'string');
    return cleanDetail(['Microsoft Graph: HTTP', status, ...words].join(' '), this.#tokens.secrets);
  }

  close(): void {
    this.#tokens.close();
  }

  #pause(retryAfterMs: number | null, detail: string, purpose: GraphPurpose): Busy {
    const waitMs = retryAfterMs ?? UNNAMED_WAIT_MS;
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.monotonic() + waitMs);
    return busy(waitMs, detail, purpose);
  }

  #send({ method, path, body, signal }: GraphCall): Promise<OutboundResult | { outcome: NoCredentials }> {
    const call = {
      method,
      url: `${this.#url}/v1.0${path}`,
      body: body === undefined ? null : JSON.stringify(body),
      signal,
      allowPrivateNetwork: this.#allowPrivateNetwork,
    };
    return this.#tokens.call((headers) => this.#outbound.request({ ...call, headers }), signal);
  }
}

const UNNAMED_WAIT_MS = 5_000;

/** Text within an OData filter. */
export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function busy(retryAfterMs: number, detail: string, { scope }: GraphPurpose): Busy {
  return { kind: 'busy', scope, retryAfterMs, detail };
}

/** A secret that is wrong is wrong for the connector too; anything else that Graph is not given is Graph's own matter. */
function addressTo(refusal: GraphRefusal, purpose: GraphPurpose): GraphRefusal {
  if (refusal.kind === 'busy') return { ...refusal, scope: purpose.scope };
  if (refusal.kind !== 'rejected' || /\binvalid_client\b/.test(refusal.detail)) return refusal;
  return purpose.scope === 'connection' ? refusal : { ...refusal, ...purpose };
}

function firstValues(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const { 'retry-after': retryAfter } = headers;
  return typeof retryAfter === 'string' ? { 'retry-after': retryAfter } : {};
}
