import type { Clock } from '../model/clock.ts';

/** A send that has begun. */
export interface Flight {
  readonly abort: AbortController;
  /** Monotonic ms; null once the deadline was called. */
  endsAt: number | null;
}

/**
 * What is in flight on one outlet, in the order it was started. Every send has the same deadline, so the first to run
 * out of time is the first here, and one timer is enough however many there are.
 */
export class Flights {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #flights = new Set<Flight>();
  #cancelTimer: (() => void) | null = null;
  #onNone: (() => void)[] = [];

  constructor(clock: Clock, deadlineMs: number) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  get size(): number {
    return this.#flights.size;
  }

  start(now: number): Flight {
    const flight = { abort: new AbortController(), endsAt: now + this.#deadlineMs };
    this.#flights.add(flight);
    this.#watch();
    return flight;
  }

  end(flight: Flight): void {
    this.#flights.delete(flight);
    if (this.#flights.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (const resolve of this.#onNone.splice(0)) resolve();
  }

  whenNone(): Promise<void> {
    return this.#flights.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#onNone.push(resolve));
  }

  /** Shutdown: nobody waits for them any longer. */
  abortAll(): void {
    for (const { abort } of this.#flights) abort.abort();
  }

  #watch(): void {
    if (this.#cancelTimer !== null) return;
    const oldest = this.#flights.values().find((flight) => flight.endsAt !== null);
    if (!oldest?.endsAt) return;
    this.#cancelTimer = this.#clock.after(oldest.endsAt - this.#clock.monotonic(), () => {
      this.#cancelTimer = null;
      this.#endOverdue(this.#clock.monotonic());
      this.#watch();
    });
  }

  #endOverdue(now: number): void {
    for (const flight of this.#flights) {
      if (flight.endsAt !== null && flight.endsAt > now) return;
      flight.endsAt = null;
      flight.abort.abort(new DOMException('the total send deadline has passed', 'TimeoutError'));
    }
  }
}
