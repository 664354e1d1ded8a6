import { AsyncLocalStorage } from 'node:async_hooks';
import type { FetchFunction, Logger, LogLevel, WebClient } from '@slack/web-api';
import { type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Outbound, OutboundFailure, OutboundResponse, OutboundResult } from '../outbound.ts';
import { requireSdk } from '../require-sdk.ts';

export interface WebApiOptions {
  readonly token: string;
  readonly apiUrl: string;
  readonly allowPrivateNetwork: boolean;
  readonly outbound: Outbound;
}

/**
 * What Slack said to one call: `ok` (the answer's fields), `no` (its error, at status 200), `response` (any other
 * status, or a 200 that is not Slack's JSON), `malformed` (the arguments cannot be put on the wire), or no answer.
 */
export type SlackAnswer =
  | { readonly kind: 'ok'; readonly body: JsonObject }
  | { readonly kind: 'no'; readonly error: string; readonly body: JsonObject; readonly response: OutboundResponse }
  | { readonly kind: 'response'; readonly response: OutboundResponse }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unanswered'; readonly failure: OutboundFailure };

export interface CallLimits {
  readonly signal: AbortSignal;
  /** Of the answer; absent: what the outbound call reads of any. */
  readonly maxBodyBytes?: number;
}

/** One call under way. The client knows nothing of deadlines of single calls, so they travel beside it. */
interface Call extends CallLimits {
  result: OutboundResult | null;
}

/**
 * Slack's official client writes the requests; every one of them leaves through our own outbound call, and what came
 * back is judged here and not by the client, whose errors lose the difference between "not sent" and "no answer" and
 * read `Retry-After: 1e99` as one second. Its retries and its queue are off.
 */
export class SlackWebApi {
  readonly #client: WebClient;
  readonly #calls = new AsyncLocalStorage<Call>();

  constructor({ token, apiUrl, allowPrivateNetwork, outbound }: WebApiOptions) {
    const fetch: FetchFunction = async (url, init) => {
      const call = this.#calls.getStore();
      if (call === undefined) throw new Error('A Slack request was made outside of a call.');
      const { signal, maxBodyBytes } = call;
      const headers = plainHeaders(init?.headers);
      const body = typeof init?.body === 'string' ? init.body : null;
      call.result = await outbound.request({
        method: 'POST',
        url: String(url),
        headers,
        body,
        signal,
        allowPrivateNetwork,
        ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
      });
      // Whatever came back: the client is not to parse it a second time, nor to have an opinion on it.
      return new Response('{"ok":true}');
    };
    const sdk: typeof import('@slack/web-api') = requireSdk('@slack/web-api');
    this.#client = new sdk.WebClient(token, {
      slackApiUrl: apiUrl,
      fetch,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      // Unlimited, because a call that waits in the client's queue would be made in another call's context.
      maxRequestConcurrency: Number.POSITIVE_INFINITY,
      allowAbsoluteUrls: false,
      logger: SILENT,
    });
  }

  /** Never rejects. */
  async call(method: string, values: Readonly<Record<string, unknown>>, limits: CallLimits): Promise<SlackAnswer> {
    const call: Call = { ...limits, result: null };
    try {
      await this.#calls.run(call, () => this.#client.apiCall(method, values));
    } catch {
      // The arguments could not be written.
    }
    return call.result === null ? { kind: 'malformed' } : readAnswer(call.result);
  }
}

function readAnswer(result: OutboundResult): SlackAnswer {
  if (result.kind !== 'response') return { kind: 'unanswered', failure: result };
  const body = result.status === 200 ? parseJsonObject(result.body) : null;
  if (body?.['ok'] === true) return { kind: 'ok', body };
  const error = body?.['error'];
  if (body === null || body['ok'] !== false || typeof error !== 'string') return { kind: 'response', response: result };
  return { kind: 'no', error, body, response: result };
}

function plainHeaders(headers: unknown): Record<string, string> {
  const entries: [string, unknown][] = typeof headers === 'object' && headers !== null ? Object.entries(headers) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

/** The client logs requests and warnings on its own; what is worth logging, the engine logs. */
const SILENT: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => 'error' as LogLevel,
  setName() {},
};
