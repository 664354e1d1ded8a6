import type { Channel, ChannelTools, SignedPost } from '../channels/contract.ts';
import type { OutboundResult } from '../channels/outbound.ts';
import { parseRetryAfter } from '../channels/retry-after.ts';
import { traceCalls } from '../channels/traced-outbound.ts';
import type { Clock } from '../model/clock.ts';
import { callbackId } from '../model/ids.ts';
import type { Logger } from '../model/logger.ts';
import type { Connection, Tenancy } from '../model/tenancy.ts';
import { type Span, silentTracer, type Tracer } from '../model/tracer.ts';
import type { ClaimedCallback, SettleCallback, TriedCallback } from '../store/port/callbacks.ts';
import type { Store } from '../store/port.ts';
import { CallbackWriter } from './callback-writer.ts';
import { repeat } from './repeat.ts';

export interface CallbacksParts {
  readonly store: Pick<
    Store,
    'listCallbackWatches' | 'addCallbacks' | 'claimCallbacks' | 'settleCallback' | 'tallyReasons'
  >;
  readonly tenancy: Pick<Tenancy, 'connectionById'>;
  readonly findChannel: (id: string) => Channel | null;
  readonly tools: ChannelTools;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: nobody collects traces. */
  readonly tracer?: Tracer;
}

const EVERY_MS = 500;
const LEASE_MS = 60_000;
/** An answer that takes longer is none: Standard Webhooks give 15 to 30 seconds. */
const DEADLINE_MS = 15_000;
const AT_ONCE = 64;
/** So that receivers that do not answer keep nobody else's waiting. */
const BOT_AT_ONCE = 4;

/** As Standard Webhooks advise: from what was tried last until it is tried again. Then it is given up. */
const RETRIES_MS = [5_000, 5 * 60_000, 30 * 60_000, 2 * 3_600_000, 5 * 3_600_000, 10 * 3_600_000, 10 * 3_600_000];

/** Tells those who asked how far notifications are: writes down what there is to tell, and delivers it. */
export class Callbacks {
  readonly #parts: CallbacksParts;
  readonly #writer: CallbackWriter;
  readonly #busy = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #stopRepeating = () => {};
  #looking: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(parts: CallbacksParts) {
    this.#parts = parts;
    this.#writer = new CallbackWriter(parts);
  }

  start(): void {
    const { clock, logger } = this.#parts;
    const onError = (error: unknown) => logger.error('telling of notifications failed', { error });
    const task = () => {
      this.#looking = this.#look();
      return this.#looking;
    };
    this.#stopRepeating = repeat({ clock, everyMs: EVERY_MS, task, onError });
  }

  /** Gives what is under way `graceMs`; what is cut off then is tried again. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#stopRepeating();
    const cancelCut = this.#parts.clock.after(graceMs, () => this.#stopped.abort());
    await this.#looking.catch(() => {});
    await Promise.all(this.#running);
    cancelCut();
  }

  async #look(): Promise<void> {
    await this.#writer.write();
    while (!this.#isStopping && this.#running.size < AT_ONCE) {
      const busyBots = [...this.#busy].filter(([, count]) => count >= BOT_AT_ONCE).map(([botId]) => botId);
      const claimed = await this.#parts.store.claimCallbacks({ limit: BOT_AT_ONCE, leaseMs: LEASE_MS, busyBots });
      for (const callback of claimed) this.#begin(callback);
      if (claimed.length < BOT_AT_ONCE) return;
    }
  }

  #begin(callback: ClaimedCallback): void {
    const { botId } = callback;
    this.#busy.set(botId, (this.#busy.get(botId) ?? 0) + 1);
    const running = this.#deliver(callback)
      .catch((error: unknown) => this.#parts.logger.error('telling of a notification failed', { botId, error }))
      .finally(() => {
        this.#running.delete(running);
        const left = (this.#busy.get(botId) ?? 0) - 1;
        if (left > 0) this.#busy.set(botId, left);
        else this.#busy.delete(botId);
      });
    this.#running.add(running);
  }

  async #deliver(callback: ClaimedCallback): Promise<void> {
    const { clock, store, logger } = this.#parts;
    const { botId, notificationId, connectionId, token } = callback;
    const startedAt = clock.monotonic();
    const at = clock.now();
    const answer = await this.#post(callback);
    const { status, detail, retryAfterMs } = judge(answer, clock.now());
    const tried: TriedCallback = { at, status, detail, durationMs: Math.round(clock.monotonic() - startedAt) };
    const next = detail === null ? 'delivered' : afterFailure(token, status, retryAfterMs);
    await store.settleCallback({ callback, tries: [...callback.tries, tried], next });
    if (next === 'given_up') {
      logger.warn('callback given up', { botId, notificationId, connectionId, attempts: token, detail });
    }
  }

  async #post(callback: ClaimedCallback): Promise<OutboundResult> {
    const { botId, notificationId, eventNo, connectionId, body, trace } = callback;
    const post = this.#openPost(this.#parts.tenancy.connectionById(connectionId));
    if (post === null) return { kind: 'refused', detail: 'The connection is no longer configured.', timedOut: false };
    const deadline = new AbortController();
    const cancel = this.#parts.clock.after(DEADLINE_MS, () => deadline.abort());
    const signal = AbortSignal.any([deadline.signal, this.#stopped.signal]);
    const span = this.#traceOf(callback);
    if (span !== null) traceCalls(signal, span);
    const traceparent = span?.traceparent ?? trace;
    const id = callbackId(botId, notificationId, eventNo);
    let answer: OutboundResult | null = null;
    try {
      answer = await post.post({ id, body, signal, ...(traceparent !== null && { traceparent }) });
      return answer;
    } finally {
      if (span !== null) endSpan(span, answer);
      cancel();
    }
  }

  #traceOf({ botId, notificationId, connectionId, token, trace }: ClaimedCallback): Span | null {
    if (trace === null) return null;
    return (this.#parts.tracer ?? silentTracer).start('tell', 'consumer', trace, {
      'beckon.bot': botId,
      'beckon.notification': notificationId,
      'beckon.connection': connectionId,
      'beckon.attempt': token,
    });
  }

  #openPost(connection: Connection | null): SignedPost | null {
    if (connection === null) return null;
    const { findChannel, tools } = this.#parts;
    return findChannel(connection.channel)?.openPost?.(connection, tools) ?? null;
  }
}

/** `answer`: null where asking itself failed. */
function endSpan(span: Span, answer: OutboundResult | null): void {
  if (answer?.kind !== 'response') span.end({}, answer?.kind ?? 'internal');
  else span.end({ 'http.response.status_code': answer.status }, isTaken(answer.status) ? null : String(answer.status));
}

/** Only a 2xx counts, and redirects are failures: what was signed for one address is not told to another. */
const isTaken = (status: number): boolean => status >= 200 && status < 300;

interface Judged {
  readonly status: number | null;
  /** Null: it was taken. */
  readonly detail: string | null;
  readonly retryAfterMs: number | null;
}

function judge(answer: OutboundResult, now: number): Judged {
  if (answer.kind !== 'response') return { status: null, detail: answer.detail, retryAfterMs: null };
  const { status, headers } = answer;
  if (isTaken(status)) return { status, detail: null, retryAfterMs: null };
  const hint = status < 400 ? ' Redirects are not followed: set url to the final address.' : '';
  return {
    status,
    detail: `The receiver answered ${status}.${hint}`,
    retryAfterMs: parseRetryAfter(headers['retry-after'], now),
  };
}

/** `tried`: how often by now. */
function afterFailure(tried: number, status: number | null, retryAfterMs: number | null): SettleCallback['next'] {
  const delayMs = RETRIES_MS[tried - 1];
  if (delayMs === undefined || status === 410) return 'given_up';
  return { delayMs: Math.max(delayMs, retryAfterMs ?? 0) };
}
