import type { Clock } from '../model/clock.ts';
import { ClientError } from './client-error.ts';
import { readEvents } from './event-lines.ts';
import { pause } from './exchange.ts';
import type { ProgressDocument, ProgressEvent } from './notification-documents.ts';

export interface EventWatch {
  /** Opens the stream; null: there is nothing more to come. Rejects with `ClientError`. */
  readonly open: (lastEventId: string | null, signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | null>;
  readonly lastEventId: string | null;
  readonly clock: Clock;
  readonly signal: AbortSignal | null;
}

/** Three times what a server lets pass without a word. */
const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 20_000;
/** A server that is not there for so long is not being restarted. */
const PATIENCE_MS = 5 * 60_000;

/** All events until the last, over as many connections as it takes. */
export async function* watchEvents(watch: EventWatch): AsyncGenerator<ProgressEvent, void, undefined> {
  const { clock, signal } = watch;
  let { lastEventId } = watch;
  let heardAt = clock.monotonic();
  for (let pauses = 0; ; pauses += 1) {
    const connection = new Connection(clock, signal);
    try {
      const stream = await watch.open(lastEventId, connection.signal);
      if (stream === null) return;
      for await (const event of connection.read(stream)) {
        [lastEventId, heardAt, pauses] = [event.id, clock.monotonic(), 0];
        yield event;
        if (event.event === 'end') return;
      }
    } catch (error) {
      if (signal?.aborted || isFinal(error) || clock.monotonic() - heardAt >= PATIENCE_MS) throw error;
    } finally {
      connection.close();
    }
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** pauses, LONGEST_PAUSE_MS), clock, signal);
    if (signal?.aborted) return;
  }
}

/** One connection, which is given up when it is silent for too long. */
class Connection {
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #silent = new AbortController();
  #forgive = () => {};

  constructor(clock: Clock, signal: AbortSignal | null) {
    this.#clock = clock;
    this.signal = signal === null ? this.#silent.signal : AbortSignal.any([signal, this.#silent.signal]);
    this.#expectWord();
  }

  async *read(stream: ReadableStream<Uint8Array>): AsyncGenerator<ProgressEvent, void, undefined> {
    try {
      for await (const { id, event, data } of readEvents(stream, () => this.#expectWord())) {
        // The server is the other half of this program, so its documents are taken at their word.
        const document = JSON.parse(data) as ProgressDocument;
        if (event === 'progress' || event === 'end') yield { id, event, progress: document };
      }
    } catch (error) {
      throw error instanceof ClientError ? error : brokenOff(error);
    }
  }

  /** Nobody waits for it any more. */
  close(): void {
    this.#forgive();
  }

  #expectWord(): void {
    this.#forgive();
    this.#forgive = this.#clock.after(SILENCE_MS, () => this.#silent.abort());
  }
}

const brokenOff = (cause: unknown): ClientError =>
  new ClientError({ status: null, code: null, text: 'The stream of events broke off', cause });

/** What asking again does not change. */
const isFinal = (error: unknown): boolean =>
  !(error instanceof ClientError) || (error.status !== null && error.status < 500 && error.status !== 429);
