import { type Clock, systemClock } from '../model/clock.ts';
import { ClientError } from './client-error.ts';
import type { Cancellation, Job, JobStatus, JobStatusV2, Notification, NotifyBody, NotifyV2Body } from './documents.ts';
import { type Call, exchange, type Fetch, openStream } from './exchange.ts';

export interface ClientOptions {
  /** Where the server is: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The JWT, or how to get one; asked for each call and each repetition. */
  readonly token: string | (() => string | Promise<string>);
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

export interface Send<Body> {
  readonly botId: string;
  readonly body: Body;
  /** 1–255 visible ASCII characters; a fresh one when not given. Repetitions of one call always carry the same. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

export interface StatusRequest {
  readonly botId: string;
  readonly requestId: string;
  readonly signal?: AbortSignal;
}

export interface NotificationRequest {
  readonly botId: string;
  readonly notificationId: string;
  readonly signal?: AbortSignal;
}

export interface PeopleImport {
  readonly botId: string;
  readonly people: ReadableStream<Uint8Array>;
  readonly mediaType: 'application/x-ndjson' | 'text/csv';
  /** Query parameters of the import route. */
  readonly query?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface PeopleExport {
  readonly botId: string;
  readonly mediaType: PeopleImport['mediaType'];
  readonly signal?: AbortSignal;
}

/** All calls reject with `ClientError`. */
export interface Client {
  notify(send: Send<NotifyBody>): Promise<Job>;
  notifyV2(send: Send<NotifyV2Body>): Promise<Job>;
  status(request: StatusRequest): Promise<JobStatus>;
  statusV2(request: StatusRequest): Promise<JobStatusV2>;
  /** How far it is, and what providers have said of it since. */
  notification(request: NotificationRequest): Promise<Notification>;
  /** Whoever has not been sent it is not sent it any more. Asking twice is asking once. */
  cancel(request: NotificationRequest): Promise<Cancellation>;
  /** Streams; never repeated, because what was read cannot be read again. Answers the server's report. */
  importPeople(request: PeopleImport): Promise<unknown>;
  /** Everybody, as they arrive. The stream breaks off with an error when the connection does. */
  exportPeople(request: PeopleExport): Promise<ReadableStream<Uint8Array>>;
}

const TIMEOUT_MS = 30_000;

/** Throws `ClientError` when `url` is no address of a server. */
export function createClient({ url, token, fetch = globalThis.fetch, clock = systemClock }: ClientOptions): Client {
  const base = baseOf(url);
  const tools = { fetch, clock, token: typeof token === 'string' ? () => token : token };

  // The server is the other half of this program, so its documents are taken at their word.
  const call = async <T>(request: Call): Promise<T> => (await exchange(request, tools)) as T;
  const send = <Body>(route: string, request: Send<Body>) =>
    call<Job>({
      method: 'POST',
      url: `${base}/api/public/bot/${encodeURIComponent(request.botId)}/${route}`,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': request.idempotencyKey ?? globalThis.crypto.randomUUID(),
      },
      body: JSON.stringify(request.body),
      isRepeatable: true,
      timeoutMs: TIMEOUT_MS,
      signal: request.signal ?? null,
    });
  const ask = <T>(route: string, { botId, requestId, signal }: StatusRequest) =>
    call<T>({
      method: 'GET',
      url: `${base}/api/public/bot/${encodeURIComponent(botId)}/${route}/status/${encodeURIComponent(requestId)}`,
      headers: {},
      body: null,
      isRepeatable: true,
      timeoutMs: TIMEOUT_MS,
      signal: signal ?? null,
    });
  const native = <T>(method: Call['method'], verb: string, request: NotificationRequest) => {
    const [botId, notificationId] = [request.botId, request.notificationId].map(encodeURIComponent);
    return call<T>({
      method,
      url: `${base}/api/v1/bots/${botId}/notifications/${notificationId}${verb}`,
      headers: {},
      body: null,
      isRepeatable: true,
      timeoutMs: TIMEOUT_MS,
      signal: request.signal ?? null,
    });
  };

  return {
    notify: (request) => send('notify', request),
    notifyV2: (request) => send('notifyV2', request),
    status: (request) => ask('notify', request),
    statusV2: (request) => ask('notifyV2', request),
    notification: (request) => native('GET', '', request),
    cancel: (request) => native('POST', '/cancel', request),
    importPeople: ({ botId, people, mediaType, query = {}, signal }) =>
      call({
        method: 'PUT',
        url: `${base}/api/v1/bots/${encodeURIComponent(botId)}/people?${new URLSearchParams(query)}`,
        headers: { 'content-type': mediaType },
        body: people,
        isRepeatable: false,
        timeoutMs: null,
        signal: signal ?? null,
      }),
    exportPeople: ({ botId, mediaType, signal }) =>
      openStream(
        {
          method: 'GET',
          url: `${base}/api/v1/bots/${encodeURIComponent(botId)}/people`,
          headers: { accept: mediaType },
          body: null,
          isRepeatable: false,
          timeoutMs: null,
          signal: signal ?? null,
        },
        tools,
      ),
  };
}

function baseOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return url.replace(/\/+$/, '');
  const text = `"${url}" is not the address of a server; it looks like http://127.0.0.1:8080`;
  throw new ClientError({ status: null, code: null, text });
}
