import type { Clock } from '../../../model/clock.ts';
import type { Progress } from './progress.ts';

/** So long a caller waits before it comes again, unless it knows better. */
export const COME_BACK_MS = 2_000;
/** Proxies hang up on what is silent, most of them after a minute. */
const HEARTBEAT_MS = 15_000;
/** Of one that takes nothing any more. */
const PATIENCE_MS = 30_000;
/** After that the caller's token is judged anew, and servers that came meanwhile get their part. */
const LIFE_MS = 15 * 60_000;

export interface EventStreamParts {
  readonly clock: Clock;
  /** The version the caller has seen; null: none. */
  readonly seen: string | null;
  /** Ends the connection of a caller that takes nothing. */
  readonly cut: () => void;
}

/**
 * What one caller reads. It is pulled: whoever is slow is not sent what was true in between, and nothing waits for it in
 * memory but the newest.
 */
export class EventStream {
  readonly #parts: EventStreamParts;
  readonly #openedAt: number;
  #seen: string | null;
  #latest: Progress | null = null;
  #wasMoving = false;
  #writtenAt: number;
  #isClosed = false;
  /** Its last event was taken. */
  #isOver = false;
  /** Non-null: it waits for something to say. */
  #wake: (() => void) | null = null;

  constructor(parts: EventStreamParts) {
    this.#parts = parts;
    this.#seen = parts.seen;
    this.#openedAt = parts.clock.monotonic();
    this.#writtenAt = this.#openedAt;
  }

  show(progress: Progress): void {
    this.#latest = progress;
    if (this.#hasNews()) this.#wake?.();
  }

  /** Time went on. */
  tick(): void {
    const now = this.#parts.clock.monotonic();
    if (now - this.#openedAt >= LIFE_MS) this.end();
    else if (this.#wake === null && now - this.#writtenAt >= PATIENCE_MS) this.#parts.cut();
    else if (now - this.#writtenAt >= HEARTBEAT_MS) this.#wake?.();
  }

  /** Nothing more is said; a caller that wants more comes again. */
  end(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  async *lines(): AsyncGenerator<string, void, undefined> {
    let lines = `retry: ${COME_BACK_MS}\n`;
    while (!this.#isOver) {
      lines += this.#hasNews() ? this.#takeNews() : ':\n\n';
      this.#writtenAt = this.#parts.clock.monotonic();
      yield lines;
      lines = '';
      if (!this.#hasNews() && !this.#isClosed && !this.#isOver) await this.#somethingToSay();
      if (!this.#hasNews() && this.#isClosed) return;
    }
  }

  /** That it came to a halt is news as well. */
  #hasNews(): boolean {
    if (this.#latest === null) return false;
    const { version, document } = this.#latest;
    return version !== this.#seen || (this.#wasMoving && document.perSecond === 0);
  }

  #takeNews(): string {
    if (this.#latest === null) return '';
    const { version, document } = this.#latest;
    const isOver = document.finishedAt !== null;
    this.#seen = version;
    this.#wasMoving = (document.perSecond ?? 0) > 0;
    this.#isOver = isOver;
    return `id: ${version}\nevent: ${isOver ? 'end' : 'progress'}\ndata: ${JSON.stringify(document)}\n\n`;
  }

  async #somethingToSay(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = null;
  }
}
