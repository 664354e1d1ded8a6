import type { Clock } from '../model/clock.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../model/json.ts';
import { ClientError } from './client-error.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  /** May be sent again when its fate is unknown: it reads only, or carries an idempotency key. */
  readonly isRepeatable: boolean;
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal | null;
}

export interface ExchangeTools {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Asked for each try, because a token may be good only once. Null: the call carries none. */
  readonly token: () => string | null | Promise<string>;
}

const TRIES = 5;
const FIRST_PAUSE_MS = 250;
/** A server that asks for more patience than this gets an error instead of a caller that seems to hang. */
const LONGEST_PAUSE_MS = 20_000;
const PASSING = new Set([429, 502, 503, 504]);

/** The JSON of a 2xx answer, null of one without a body. Repeats what may be repeated; rejects with `ClientError` for everything else. */
export async function exchange(call: Call, tools: ExchangeTools): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryOnce(call, tools);
    if ('value' in result) return result.value;
    const pauseMs = result.retryAfterMs ?? FIRST_PAUSE_MS * 2 ** (attempt - 1);
    const isWorthwhile = call.isRepeatable && result.isPassing && attempt < TRIES && pauseMs <= LONGEST_PAUSE_MS;
    if (!isWorthwhile || call.signal?.aborted) throw result.error;
    await pause(pauseMs, tools.clock, call.signal);
  }
}

type Try = { readonly value: unknown } | FailedTry;

interface FailedTry {
  readonly error: ClientError;
  readonly isPassing: boolean;
  readonly retryAfterMs: number | null;
}

/** The body of a 2xx answer as it arrives; null: it has none. Not repeated; rejects with `ClientError`. */
export async function openStream(call: Call, tools: ExchangeTools): Promise<ReadableStream<Uint8Array> | null> {
  const response = await ask(call, tools);
  if (response instanceof ClientError) throw response;
  if (response.ok) return response.body;
  throw refusalOf(response, parseJsonObject(await response.text()));
}

async function tryOnce(call: Call, tools: ExchangeTools): Promise<Try> {
  const response = await ask(call, tools);
  if (response instanceof ClientError) return { error: response, isPassing: true, retryAfterMs: null };
  try {
    return readResponse(response, await response.text());
  } catch (error) {
    return { error: explainNoAnswer(error, call.url), isPassing: true, retryAfterMs: null };
  }
}

/** Resolves with the error when there was no answer: what that means depends on who asks. */
async function ask(call: Call, { fetch, token }: ExchangeTools): Promise<Response | ClientError> {
  const auth = await token();
  const headers = auth === null ? call.headers : { ...call.headers, auth: assertSendable(auth) };
  const ends = [call.signal, call.timeoutMs === null ? null : AbortSignal.timeout(call.timeoutMs)];
  const signal = AbortSignal.any(ends.filter((end) => end !== null));
  const streaming = call.body instanceof ReadableStream ? { duplex: 'half' as const } : {};
  try {
    const init = { method: call.method, headers, body: call.body, signal, redirect: 'error' as const, ...streaming };
    return await fetch(call.url, init);
  } catch (error) {
    return explainNoAnswer(error, call.url);
  }
}

/** `fetch` would repeat a header it refuses in its error, and so would whatever prints that error. */
function assertSendable(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const text = 'The token is empty or holds a character no token has, such as a space or a line break';
  throw new ClientError({ status: null, code: null, text });
}

function readResponse(response: Response, text: string): Try {
  const body = parseJsonObject(text);
  if (response.status === 204) return { value: null };
  if (response.ok && body !== null) return { value: body };
  const { status } = response;
  const retryAfter = response.headers.get('retry-after') ?? '';
  return {
    error: refusalOf(response, body),
    isPassing: PASSING.has(status),
    retryAfterMs: /^[0-9]{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : null,
  };
}

function refusalOf(response: Response, body: JsonObject | null): ClientError {
  return new ClientError({ status: response.status, ...readRefusal(body, response), body });
}

/** The words of a refusal, out of Kore's envelope or out of a problem document. */
function readRefusal(body: unknown, response: Response): { code: string | number | null; text: string } {
  if (!isJsonObject(body)) return { code: null, text: 'The server gave an answer that is not JSON; is the URL right?' };
  const errors = Array.isArray(body['errors']) ? body['errors'] : [];
  const [first] = errors;
  if (isJsonObject(first) && 'msg' in first) return { code: codeOf(first['code']), text: String(first['msg']) };
  const words = [body['title'], body['detail']].filter((part) => typeof part === 'string').join(': ');
  return { code: codeOf(body['code']), text: words || response.statusText || 'The server refused the call' };
}

const codeOf = (code: unknown): string | number | null =>
  typeof code === 'string' || typeof code === 'number' ? code : null;

function explainNoAnswer(error: unknown, url: string): ClientError {
  const { origin } = new URL(url);
  const because =
    error instanceof Error && error.name === 'TimeoutError' ? 'it did not answer in time' : reasonOf(error);
  return new ClientError({ status: null, code: null, text: `${origin} gave no answer: ${because}`, cause: error });
}

/** `fetch` hides what happened one level down, as its error's cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'the connection failed';
  const code = 'code' in cause ? String(cause.code) : '';
  return code === 'ECONNREFUSED' ? 'nothing listens there' : cause.message || code || 'the connection failed';
}

export function pause(delayMs: number, clock: Clock, signal: AbortSignal | null): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(delayMs, resolve);
  const stop = () => {
    cancel();
    resolve();
  };
  signal?.addEventListener('abort', stop, { once: true });
  return promise.finally(() => signal?.removeEventListener('abort', stop));
}
