import type { Clock } from '../../model/clock.ts';
import type { Busy } from '../../model/outcome.ts';

/** Who waits longer is better called again: a look-up that sleeps may hold up others who have no need of it. */
const PATIENCE_MS = 10_000;
const UNSAID_MS = 1_000;

/**
 * One method that Slack asked us to leave alone for a while. Its limits hold for the method alone, so nothing else of
 * the connection waits: what comes of a pause is `busy` for the recipient, never for the connection.
 */
export class MethodPause {
  readonly #method: string;
  readonly #clock: Clock;
  #until = 0;

  constructor(method: string, clock: Clock) {
    this.#method = method;
    this.#clock = clock;
  }

  get remainingMs(): number {
    return Math.max(0, this.#until - this.#clock.monotonic());
  }

  begin(retryAfterMs: number | null): void {
    this.#until = Math.max(this.#until, this.#clock.monotonic() + Math.max(retryAfterMs ?? UNSAID_MS, MIN_MS));
  }

  /** True when the pause is over; false when the signal ended first, or would anyway: a long pause is not waited for. */
  async over(signal: AbortSignal): Promise<boolean> {
    while (this.remainingMs > 0 && this.remainingMs <= PATIENCE_MS && !signal.aborted) await this.#sleep(signal);
    return this.remainingMs === 0;
  }

  asBusy(): Busy {
    const detail = `Slack asked to wait before the next ${this.#method}.`;
    return { kind: 'busy', scope: 'recipient', retryAfterMs: Math.ceil(this.remainingMs), detail };
  }

  #sleep(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#clock.after(this.remainingMs, done);
      signal.addEventListener('abort', done);
    });
  }
}

/** `Retry-After: 0` must not become a tight loop. */
const MIN_MS = 100;
