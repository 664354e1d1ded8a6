import { type Clock, systemClock } from '../model/clock.ts';
import { type ActivityCalls, createActivityCalls } from './activity.ts';
import { type Admin, createAdmin } from './admin.ts';
import { ClientError } from './client-error.ts';
import { type ConnectionCalls, createConnectionCalls } from './connections.ts';
import { type Call, exchange, type Fetch, openStream } from './exchange.ts';
import { freshKey } from './fresh-key.ts';
import type { Job, JobStatus, JobStatusV2, NotifyBody, NotifyV2Body } from './kore-documents.ts';
import type { Callback, Notification, NotificationPage, ProgressEvent } from './notification-documents.ts';
import { createPeopleCalls, type ImportReport, type PeopleCalls, type PersonKey } from './people.ts';
import type { Erasure, Preferences } from './people-documents.ts';
import type { LedgerRecipient, RecipientFilter, RecipientPage } from './recipient-documents.ts';
import type { AudienceChunk, AudiencePage, OpenBody, PlanBody, Preflight, SendBody } from './send-documents.ts';
import { createSessionCalls, type SessionCalls } from './session.ts';
import type {
  Cancellation,
  Edit,
  EditAsked,
  Extension,
  PauseState,
  Recall,
  RescheduleBody,
  RetryAsked,
  RetryState,
} from './steering-documents.ts';
import { createTemplateCalls, type TemplateCalls } from './templates.ts';
import { watchEvents } from './watch-events.ts';

export { ClientError } from './client-error.ts';
export type { NotifyBody, NotifyV2Body } from './kore-documents.ts';
export type { Notification, ProgressEvent } from './notification-documents.ts';
export type { SendBody } from './send-documents.ts';

export interface ClientOptions {
  /** Where the server is: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The JWT, or how to get one; asked for each call and each repetition. Null: the browser's cookie says who calls. */
  readonly token: string | null | (() => string | Promise<string>);
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

export interface EventsRequest extends NotificationRequest {
  /** The id of the last event that was received; absent: none was. */
  readonly lastEventId?: string;
}

export interface ListRequest {
  readonly botId: string;
  readonly channel?: string;
  /** True: only those of which nobody is pending; false: only the others. */
  readonly finished?: boolean;
  /** 1 to 500. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

export interface RecipientsRequest extends NotificationRequest {
  readonly filter?: RecipientFilter;
}

export interface RecipientPageRequest extends RecipientsRequest {
  /** 1 to 500. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface RecipientsExport extends RecipientsRequest {
  readonly mediaType: PeopleImport['mediaType'];
}

export interface PeopleImport {
  readonly botId: string;
  /** A browser cannot stream a body over every connection; there they are in one piece. */
  readonly people: ReadableStream<Uint8Array> | string;
  readonly mediaType: 'application/x-ndjson' | 'text/csv';
  /** Query parameters of the import route. */
  readonly query?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ChunkUpload extends NotificationRequest {
  /** 0 to 9,999. */
  readonly chunk: number;
  /** At most 10,000 recipients and 4 MiB: lines of NDJSON, or rows of CSV with a header. */
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly mediaType: PeopleImport['mediaType'];
  /** SHA-256 of the body in base64, so that nothing else is taken for it. */
  readonly sha256?: string;
}

export interface Seal extends NotificationRequest {
  readonly recipients: number;
  readonly chunks?: number;
}

export interface PeopleExport {
  readonly botId: string;
  readonly mediaType: PeopleImport['mediaType'];
  readonly signal?: AbortSignal;
}

/** All calls reject with `ClientError`. */
export interface Client extends ActivityCalls {
  notify(send: Send<NotifyBody>): Promise<Job>;
  notifyV2(send: Send<NotifyV2Body>): Promise<Job>;
  status(request: StatusRequest): Promise<JobStatus>;
  statusV2(request: StatusRequest): Promise<JobStatusV2>;
  readonly notifications: {
    /** When it resolves, the notification is on disk. */
    send(send: Send<SendBody>): Promise<Notification>;
    list(request: ListRequest): Promise<NotificationPage>;
    /** What would become of it; sends nothing. */
    preflight(request: Pick<Send<SendBody | PlanBody>, 'botId' | 'body' | 'signal'>): Promise<Preflight>;
    /** The same of a list of recipients, of which nothing is kept. */
    rehearse(request: Pick<Send<SendBody>, 'botId' | 'body' | 'signal'>): Promise<Preflight>;
    /** Sends what a preflight found, just as it found it. Asking twice is asking once. */
    launch(request: Pick<Send<PlanBody>, 'botId' | 'body' | 'signal'>): Promise<Notification>;
  };
  readonly templates: TemplateCalls;
  /** More recipients than one call takes: open, add chunks in any order and as often as it takes, seal. */
  readonly audience: {
    /** When it resolves, the notification is on disk and waits for its recipients. */
    open(send: Send<OpenBody>): Promise<Notification>;
    /** When it resolves, the chunk is on disk. The same again changes nothing. */
    add(upload: ChunkUpload): Promise<AudienceChunk>;
    /** Those that are there, by number; pages are asked for as they are needed. */
    chunks(request: NotificationRequest): AsyncGenerator<AudiencePage['chunks'][number], void, undefined>;
    /** Sends to everybody who was added; refused where other numbers of them are there. Asking twice is asking once. */
    seal(seal: Seal): Promise<Notification>;
  };
  readonly preferences: {
    get(request: PersonKey): Promise<Preferences>;
    /** Replaces what was said before. */
    put(request: PersonKey & Preferences): Promise<Preferences>;
  };
  readonly erasures: {
    /** Takes somebody out of everything the bot has; when it resolves, it is on disk and under way. */
    begin(request: {
      readonly botId: string;
      readonly person: string;
      readonly signal?: AbortSignal;
    }): Promise<Erasure>;
    get(request: ErasureRequest): Promise<Erasure>;
  };
  /** How far it is, and what providers have said of it since. */
  notification(request: NotificationRequest): Promise<Notification>;
  /**
   * How far it is as it changes, until its end. A connection that breaks off is made anew and nothing is lost; rejects when
   * the server is away for five minutes.
   */
  events(request: EventsRequest): AsyncGenerator<ProgressEvent, void, undefined>;
  /** What programs were told of it, and how it went. */
  callbacks(request: NotificationRequest): Promise<{ readonly callbacks: readonly Callback[] }>;
  /** Whoever has not been sent it is not sent it any more. Asking twice is asking once. */
  cancel(request: NotificationRequest): Promise<Cancellation>;
  /** Nobody more is sent it until it is resumed; it still expires. Asking twice is asking once. */
  pause(request: NotificationRequest): Promise<PauseState>;
  /** Takes it back from those who have it, where the provider lets it; asked twice is asked once. */
  recall(request: NotificationRequest): Promise<Recall>;
  /** Puts another message in its place for those who have it, where the provider lets it. */
  edit(request: NotificationRequest & EditAsked): Promise<Edit>;
  resume(request: NotificationRequest): Promise<PauseState>;
  /** Sends it again to whom it did not reach. */
  retry(request: Send<RetryAsked> & NotificationRequest): Promise<RetryState>;
  /** Another time, hours or priority, as long as nothing of it has been taken up. */
  reschedule(request: { readonly body: RescheduleBody } & NotificationRequest): Promise<Notification>;
  /** Of its deadline and this one the later counts. */
  extend(request: Send<{ readonly expiresAt: string }> & NotificationRequest): Promise<Extension>;
  /** Those whose delivery has ended, by seq; pages are asked for as they are needed. */
  recipients(request: RecipientsRequest): AsyncGenerator<LedgerRecipient, void, undefined>;
  /** One page of them. It may hold fewer than `limit`, even nobody, and not be the last: only `nextCursor` says so. */
  recipientPage(request: RecipientPageRequest): Promise<RecipientPage>;
  /** The same as a file, as it arrives. The stream breaks off with an error when the connection does. */
  exportRecipients(request: RecipientsExport): Promise<ReadableStream<Uint8Array>>;
  /** A stream is never repeated, because what was read cannot be read again. */
  importPeople(request: PeopleImport): Promise<ImportReport>;
  /** Everybody, as they arrive. The stream breaks off with an error when the connection does. */
  exportPeople(request: PeopleExport): Promise<ReadableStream<Uint8Array>>;
  /** Those that the token may use. */
  bots(request?: { readonly signal?: AbortSignal }): Promise<{ readonly bots: readonly OwnBot[] }>;
  /** Of all bots. */
  readonly admin: Admin;
  readonly people: PeopleCalls;
  readonly connections: ConnectionCalls;
  readonly session: SessionCalls;
}

export interface OwnBot {
  readonly id: string;
  readonly name: string;
}

export interface ErasureRequest {
  readonly botId: string;
  /** `er-…` */
  readonly erasureId: string;
  readonly signal?: AbortSignal;
}

/** A call that may be repeated. */
export type Ask = <T>(
  method: Call['method'],
  url: string,
  signal: AbortSignal | undefined,
  more?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
) => Promise<T>;

const TIMEOUT_MS = 30_000;
/** Over a slow line. */
const CHUNK_TIMEOUT_MS = 300_000;
/** The longest there is. */
const PAGE = 500;

/** Throws `ClientError` when `url` is no address of a server. */
export function createClient({ url, token, fetch = globalThis.fetch, clock = systemClock }: ClientOptions): Client {
  const base = baseOf(url);
  const tools = { fetch, clock, token: typeof token === 'function' ? token : () => token };

  // The server is the other half of this program, so its documents are taken at their word.
  const call = async <T>(request: Call): Promise<T> => (await exchange(request, tools)) as T;
  const send = <Answer, Body>(url: string, request: Send<Body>) =>
    call<Answer>({
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': request.idempotencyKey ?? freshKey(),
      },
      body: JSON.stringify(request.body),
      isRepeatable: true,
      timeoutMs: TIMEOUT_MS,
      signal: request.signal ?? null,
    });
  const koreUrl = (botId: string, route: string) => `${base}/api/public/bot/${encodeURIComponent(botId)}/${route}`;
  const notificationsUrl = (botId: string) => `${base}/api/v1/bots/${encodeURIComponent(botId)}/notifications`;
  const preferencesUrl = ({ botId, personId }: Pick<PersonKey, 'botId' | 'personId'>) =>
    `${base}/api/v1/bots/${encodeURIComponent(botId)}/people/${encodeURIComponent(personId)}/preferences`;
  const erasuresUrl = (botId: string) => `${base}/api/v1/bots/${encodeURIComponent(botId)}/erasures`;
  /** The same however often it is asked. */
  const ask: Ask = (method, url, signal, { body, headers = {} } = {}) =>
    call({
      method,
      url,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      isRepeatable: true,
      timeoutMs: TIMEOUT_MS,
      signal: signal ?? null,
    });
  const askStatus = <T>(route: string, { botId, requestId, signal }: StatusRequest) =>
    ask<T>('GET', koreUrl(botId, `${route}/status/${encodeURIComponent(requestId)}`), signal);
  const notificationUrl = ({ botId, notificationId }: NotificationRequest, verb: string) =>
    `${notificationsUrl(botId)}/${encodeURIComponent(notificationId)}${verb}`;
  const askOf = <T>(method: Call['method'], verb: string, request: NotificationRequest) =>
    ask<T>(method, notificationUrl(request, verb), request.signal);
  const recipientPage: Client['recipientPage'] = ({ filter, limit, cursor, ...request }) => {
    const query = queryOf(filter);
    if (limit !== undefined) query.set('limit', String(limit));
    if (cursor !== undefined) query.set('cursor', cursor);
    return askOf('GET', `/recipients?${query}`, request);
  };
  const open = (url: string, headers: Call['headers'], signal: AbortSignal | undefined) =>
    openStream(
      { method: 'GET', url, headers, body: null, isRepeatable: false, timeoutMs: null, signal: signal ?? null },
      tools,
    );
  const stream = async (url: string, mediaType: PeopleImport['mediaType'], signal: AbortSignal | undefined) =>
    (await open(url, { accept: mediaType }, signal)) ?? new Blob([]).stream();

  return {
    admin: createAdmin({ url: `${base}/api/v1/admin`, ask, stream }),
    people: createPeopleCalls(base, ask),
    connections: createConnectionCalls(base, ask),
    session: createSessionCalls(base, ask),
    ...createActivityCalls(base, ask),
    bots: ({ signal } = {}) => ask('GET', `${base}/api/v1/bots`, signal),
    notify: (request) => send<Job, NotifyBody>(koreUrl(request.botId, 'notify'), request),
    notifyV2: (request) => send<Job, NotifyV2Body>(koreUrl(request.botId, 'notifyV2'), request),
    status: (request) => askStatus('notify', request),
    statusV2: (request) => askStatus('notifyV2', request),
    notifications: {
      send: (request) => send<Notification, SendBody>(notificationsUrl(request.botId), request),
      preflight: ({ botId, body, signal }) => ask('POST', `${notificationsUrl(botId)}/preflight`, signal, { body }),
      rehearse: ({ botId, body, signal }) =>
        ask('POST', `${notificationsUrl(botId)}/preflight?keep=false`, signal, { body }),
      launch: ({ botId, body, signal }) => ask('POST', notificationsUrl(botId), signal, { body }),
      list: ({ botId, signal, ...filter }) => {
        const given = Object.entries(filter).map(([name, value]): [string, string] => [name, String(value)]);
        return ask<NotificationPage>('GET', `${notificationsUrl(botId)}?${new URLSearchParams(given)}`, signal);
      },
    },
    templates: createTemplateCalls(base, ask),
    audience: {
      open: (request) => send<Notification, OpenBody>(notificationsUrl(request.botId), request),
      add: ({ botId, notificationId, chunk, body, mediaType, sha256, signal }) =>
        call<AudienceChunk>({
          method: 'PUT',
          url: `${notificationsUrl(botId)}/${encodeURIComponent(notificationId)}/audience/${chunk}`,
          headers: { 'content-type': mediaType, ...(sha256 && { 'content-digest': `sha-256=:${sha256}:` }) },
          body,
          isRepeatable: true,
          timeoutMs: CHUNK_TIMEOUT_MS,
          signal: signal ?? null,
        }),
      async *chunks(request) {
        const query = new URLSearchParams({ limit: String(PAGE) });
        for (;;) {
          const { chunks, nextCursor } = await askOf<AudiencePage>('GET', `/audience?${query}`, request);
          yield* chunks;
          if (nextCursor === null) return;
          query.set('cursor', nextCursor);
        }
      },
      seal: ({ botId, notificationId, signal, ...expected }) =>
        call<Notification>({
          method: 'POST',
          url: `${notificationsUrl(botId)}/${encodeURIComponent(notificationId)}/seal`,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(expected),
          isRepeatable: true,
          timeoutMs: TIMEOUT_MS,
          signal: signal ?? null,
        }),
    },
    preferences: {
      get: ({ signal, ...key }) => ask('GET', preferencesUrl(key), signal),
      put: ({ signal, optOuts, ...key }) => ask('PUT', preferencesUrl(key), signal, { body: { optOuts } }),
    },
    erasures: {
      begin: ({ botId, person, signal }) => ask('POST', erasuresUrl(botId), signal, { body: { person } }),
      get: ({ botId, erasureId, signal }) =>
        ask('GET', `${erasuresUrl(botId)}/${encodeURIComponent(erasureId)}`, signal),
    },
    notification: (request) => askOf('GET', '', request),
    events: ({ botId, notificationId, lastEventId = null, signal = null }) => {
      const url = `${notificationsUrl(botId)}/${encodeURIComponent(notificationId)}/events`;
      return watchEvents({
        open: (seen, ended) =>
          open(url, { accept: 'text/event-stream', ...(seen !== null && { 'last-event-id': seen }) }, ended),
        lastEventId,
        clock,
        signal,
      });
    },
    callbacks: (request) => askOf('GET', '/callbacks', request),
    cancel: (request) => askOf('POST', '/cancel', request),
    pause: (request) => askOf('POST', '/pause', request),
    recall: (request) => askOf('POST', '/recall', request),
    edit: ({ message, parameters, ...request }) =>
      ask('POST', notificationUrl(request, '/edit'), request.signal, { body: { message, parameters } }),
    resume: (request) => askOf('POST', '/resume', request),
    retry: (request) => send(notificationUrl(request, '/retry'), request),
    reschedule: ({ body, ...request }) => ask('PATCH', notificationUrl(request, ''), request.signal, { body }),
    extend: (request) => send(notificationUrl(request, '/extend'), request),
    importPeople: ({ botId, people, mediaType, query = {}, signal }) =>
      call({
        method: 'PUT',
        url: `${base}/api/v1/bots/${encodeURIComponent(botId)}/people?${new URLSearchParams(query)}`,
        headers: { 'content-type': mediaType },
        body: people,
        // Doing it again changes nothing.
        isRepeatable: typeof people === 'string',
        timeoutMs: null,
        signal: signal ?? null,
      }),
    exportPeople: ({ botId, mediaType, signal }) =>
      stream(`${base}/api/v1/bots/${encodeURIComponent(botId)}/people`, mediaType, signal),
    async *recipients(request) {
      for (let cursor: string | null = null; ; ) {
        const page: RecipientPage = await recipientPage({
          ...request,
          limit: PAGE,
          ...(cursor !== null && { cursor }),
        });
        yield* page.recipients;
        cursor = page.nextCursor;
        if (cursor === null) return;
      }
    },
    recipientPage,
    exportRecipients: ({ botId, notificationId, filter, mediaType, signal }) => {
      const url = `${notificationsUrl(botId)}/${encodeURIComponent(notificationId)}/recipients?${queryOf(filter)}`;
      return stream(url, mediaType, signal);
    },
  };
}

function queryOf({ states, reasons, prefix, identity }: RecipientFilter = {}): URLSearchParams {
  const query = new URLSearchParams();
  if (states !== undefined) query.set('state', states.join(','));
  if (reasons !== undefined) query.set('reason', reasons.join(','));
  if (prefix !== undefined) query.set('q', prefix);
  if (identity !== undefined) query.set('identity', identity);
  return query;
}

function baseOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return url.replace(/\/+$/, '');
  const text = `"${url}" is not the address of a server; it looks like http://127.0.0.1:8080`;
  throw new ClientError({ status: null, code: null, text });
}
