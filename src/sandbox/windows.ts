import type { Clock } from '../model/clock.ts';

/** At most `max` calls in any `spanMs`. */
export interface Window {
  readonly max: number;
  readonly spanMs: number;
}

const SWEEP_FROM = 10_000;

/** Sliding windows per key, exact to the millisecond. Refused calls are not counted. */
export class SlidingWindows {
  readonly #windows: readonly Window[];
  readonly #clock: Clock;
  readonly #longest: number;
  readonly #longestSpanMs: number;
  readonly #taken = new Map<string, number[]>();
  #sweepAt = SWEEP_FROM;

  constructor(windows: readonly Window[], clock: Clock) {
    this.#windows = windows;
    this.#clock = clock;
    this.#longest = Math.max(1, ...windows.map((window) => window.max));
    this.#longestSpanMs = Math.max(0, ...windows.map((window) => window.spanMs));
  }

  /** Milliseconds until one more call fits; 0 when it fits now. */
  waitMs(key: string): number {
    const times = this.#taken.get(key);
    if (times === undefined) return 0;
    const now = this.#clock.monotonic();
    let waitMs = 0;
    for (const { max, spanMs } of this.#windows) {
      const blocking = times[times.length - max];
      if (blocking !== undefined) waitMs = Math.max(waitMs, blocking + spanMs - now);
    }
    return waitMs;
  }

  take(key: string): void {
    if (this.#windows.length === 0) return;
    const now = this.#clock.monotonic();
    const times = this.#taken.get(key);
    if (times === undefined) {
      this.#taken.set(key, [now]);
      if (this.#taken.size > this.#sweepAt) this.#sweepIdle(now);
      return;
    }
    times.push(now);
    if (times.length > this.#longest * 2) times.splice(0, times.length - this.#longest);
  }

  clear(): void {
    this.#taken.clear();
    this.#sweepAt = SWEEP_FROM;
  }

  /** Forgets keys whose windows are all empty; runs when their number has doubled, so it costs O(1) per call. */
  #sweepIdle(now: number): void {
    for (const [key, times] of this.#taken) {
      if ((times.at(-1) ?? 0) + this.#longestSpanMs <= now) this.#taken.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_FROM, this.#taken.size * 2);
  }
}
