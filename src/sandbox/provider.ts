/** The simulated providers: the names faults and ledger know them by, and the first path segment of those with URLs. */
export const PROVIDERS = [
  'login',
  'teams',
  'graph',
  'slack',
  'googletoken',
  'googlechat',
  'whatsapp',
  'hooks',
  'smtp',
  'twilio',
  'webpush',
] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** One request, read to its end. `path` starts with `/` and lacks the provider's prefix; `query` lacks the `?`. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: RequestHeaders;
  /** The body's bytes, and the same as text. */
  readonly raw: Buffer;
  readonly body: string;
}

/** The value of a header by its lower-case name, the first when it comes twice; null when it is absent or empty. */
export type RequestHeaders = (name: string) => string | null;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What a call is about, found out before anything is done, so that a fault can strike before or after the doing.
 * `route` is one of the provider's few operation names; `recipient` is the ledger's name for who is addressed.
 */
export interface Plan {
  readonly route: string;
  readonly recipient: string | null;
  /** The answer to this call while another one for the same key is still being worked on. */
  readonly exclusive: { readonly key: string; readonly refusal: Answer } | null;
  /** Carries the call out: checks it, records it in the ledger, says what to answer. */
  run(): Answer | Promise<Answer>;
}

export interface Provider {
  plan(call: Call): Plan;
  /** How the provider words this status when the fault does not say. */
  refuse(status: number): Answer;
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };
const TEXT_HEADERS = { 'content-type': 'text/plain; charset=utf-8' };

export function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Answer {
  return {
    status,
    headers: headers === undefined ? JSON_HEADERS : { ...JSON_HEADERS, ...headers },
    body: JSON.stringify(value),
  };
}

export function text(status: number, body: string): Answer {
  return { status, headers: TEXT_HEADERS, body };
}

export function empty(status: number): Answer {
  return { status, headers: {}, body: '' };
}

/** A plan that does nothing but answer. */
export function planAnswer(route: string, answer: Answer): Plan {
  return { route, recipient: null, exclusive: null, run: () => answer };
}

/** The bearer token of the Authorization header; null when there is none. */
export function bearerToken(call: Call): string | null {
  const header = call.headers('authorization');
  if (header === null || header.length < 8 || header.slice(0, 7).toLowerCase() !== 'bearer ') return null;
  return header.slice(7);
}

/** `Retry-After` as providers send it: whole seconds, never 0. */
export function retryAfterSeconds(waitMs: number): string {
  return String(Math.max(1, Math.ceil(waitMs / 1000)));
}

/** A path segment as the caller meant it; one with a stray `%` stays as it is. */
export function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
