import { Agent, type IncomingMessage, request } from 'node:http';
import { PROVIDERS, type ProviderName } from './provider.ts';

/** One event: exactly these bytes are sent, for a signature covers them. */
export interface WebhookPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Appended to the URL, without the `?`. */
  readonly query?: string;
}

export interface WebhookReply {
  readonly status: number;
  /** At most 64 KiB of it. */
  readonly body: string;
}

export interface WebhookCounts {
  /** Answered with a 2xx. */
  readonly delivered: number;
  /** Given up after the last attempt, or for want of room. */
  readonly dropped: number;
}

export interface WebhooksOptions {
  /** What is waited after each attempt that failed; then the event is dropped. */
  readonly retryDelaysMs?: readonly number[];
  /** How long one attempt may take. */
  readonly timeoutMs?: number;
  /** Told after every event that is over. */
  readonly onSettled?: () => void;
}

/** Null: the provider posts nowhere, as at the start. */
export type WebhookUrls = Readonly<Partial<Record<ProviderName, string | null>>>;

/** Real providers try again for hours; a rehearsal must come to an end. */
const RETRY_DELAYS_MS = [50, 200, 500, 1_000, 2_000];
const TIMEOUT_MS = 5_000;
const IN_FLIGHT = 16;
const MAX_WAITING = 200_000;
const MAX_REPLY_BYTES = 64 * 1024;

/**
 * Where each provider posts its events, and the posting: started in the order they were asked for, some at once, again
 * when the far side is away or answers anything but 2xx. The wire is real, so time is too: a sandbox's own clock may
 * stand still. Only this machine is ever written to.
 */
export class Webhooks {
  readonly #urls = new Map<ProviderName, string>();
  readonly #retryDelaysMs: readonly number[];
  readonly #timeoutMs: number;
  readonly #onSettled: () => void;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  #waiting: (() => Promise<void>)[] = [];
  #running = 0;
  #unsettled = 0;
  #idle: (() => void)[] = [];
  #stop = new AbortController();
  #isClosed = false;
  #delivered = 0;
  #dropped = 0;

  constructor({ retryDelaysMs = RETRY_DELAYS_MS, timeoutMs = TIMEOUT_MS, onSettled = () => {} }: WebhooksOptions = {}) {
    this.#retryDelaysMs = retryDelaysMs;
    this.#timeoutMs = timeoutMs;
    this.#onSettled = onSettled;
  }

  /** Throws a sentence for what is no URL of this machine. Null: the provider posts nowhere, as at the start. */
  set(provider: ProviderName, url: string | null): void {
    if (url === null) {
      this.#urls.delete(provider);
      return;
    }
    const fault = findUrlFault(url);
    if (fault !== null) throw new Error(`The webhook of ${provider} ${fault}.`);
    this.#urls.set(provider, url);
  }

  change(urls: WebhookUrls): void {
    for (const provider of PROVIDERS) {
      const url = urls[provider];
      if (url !== undefined) this.set(provider, url);
    }
  }

  urlOf(provider: ProviderName): string | null {
    return this.#urls.get(provider) ?? null;
  }

  read(): { readonly urls: Readonly<Record<string, string>>; readonly counts: WebhookCounts } {
    return { urls: Object.fromEntries(this.#urls), counts: this.counts };
  }

  get counts(): WebhookCounts {
    return { delivered: this.#delivered, dropped: this.#dropped };
  }

  /** The reply in the end; null when the provider has no URL or nobody answered with a 2xx. Never rejects. */
  post(provider: ProviderName, post: WebhookPost): Promise<WebhookReply | null> {
    const url = this.#urls.get(provider);
    return url === undefined ? Promise.resolve(null) : this.postTo(url, post);
  }

  /** The same for a URL that came with a message (Twilio's StatusCallback). */
  postTo(url: string, post: WebhookPost): Promise<WebhookReply | null> {
    if (this.#isClosed || findUrlFault(url) !== null) return Promise.resolve(null);
    this.#unsettled++;
    const { signal } = this.#stop;
    if (this.#waiting.length >= MAX_WAITING) return Promise.resolve(this.#settle(null, signal));
    const target = withQuery(url, post.query);
    return new Promise((resolve) => {
      this.#waiting.push(async () => resolve(this.#settle(await this.#deliver(target, post, signal), signal)));
      this.#startNext();
    });
  }

  /** Resolves when nothing waits, is under way or will be tried again. */
  whenIdle(): Promise<void> {
    if (this.#unsettled === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Drops what is not over yet and forgets the counts. The URLs stay: they say who listens, not what happened. */
  reset(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#delivered = 0;
    this.#dropped = 0;
  }

  /** Ends every attempt at once; resolves when all are over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stop.abort();
    await this.whenIdle();
    this.#agent.destroy();
  }

  #startNext(): void {
    if (this.#running >= IN_FLIGHT) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#running++;
    void next().finally(() => {
      this.#running--;
      this.#startNext();
    });
  }

  /** What a reset has stopped is not counted. */
  #settle(reply: WebhookReply | null, { aborted }: AbortSignal): WebhookReply | null {
    if (!aborted && reply === null) this.#dropped++;
    if (!aborted && reply !== null) this.#delivered++;
    this.#unsettled--;
    this.#onSettled();
    if (this.#unsettled > 0) return reply;
    for (const resolve of this.#idle.splice(0)) resolve();
    return reply;
  }

  async #deliver(url: string, post: WebhookPost, signal: AbortSignal): Promise<WebhookReply | null> {
    for (const delayMs of [...this.#retryDelaysMs, null]) {
      if (signal.aborted) return null;
      const reply = await attempt(
        url,
        post,
        this.#agent,
        AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
      );
      if (reply !== null && reply.status >= 200 && reply.status < 300) return reply;
      if (delayMs !== null) await pause(delayMs, signal);
    }
    return null;
  }
}

/** Why nothing is posted there, as the end of a sentence; null: it is a URL of this machine. */
export function findUrlFault(url: string): string | null {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'http:') return 'must be a URL that begins with http://';
  const isHere = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/.test(parsed.hostname);
  return isHere ? null : 'must be on this machine: 127.0.0.1, [::1] or localhost';
}

/** Null when nobody answered. */
function attempt(
  url: string,
  { headers, body }: WebhookPost,
  agent: Agent,
  signal: AbortSignal,
): Promise<WebhookReply | null> {
  return new Promise((resolve) => {
    const length = { 'content-length': Buffer.byteLength(body) };
    const sending = request(url, { method: 'POST', headers: { ...headers, ...length }, agent, signal });
    sending.on('response', (response) => readReply(response, resolve));
    sending.on('error', () => resolve(null));
    sending.end(body);
  });
}

function readReply(response: IncomingMessage, done: (reply: WebhookReply | null) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    if (bytes < MAX_REPLY_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  });
  response.on('end', () => {
    const body = Buffer.concat(chunks).subarray(0, MAX_REPLY_BYTES).toString('utf8');
    done({ status: response.statusCode ?? 0, body });
  });
  response.on('error', () => done(null));
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, delayMs);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

function withQuery(url: string, query: string | undefined): string {
  return query === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
}
