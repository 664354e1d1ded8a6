/**
 * How fast one connection may send, and whether it may send at all. Pure of timers: it is asked with the present
 * monotonic time and answers how long to wait. Three things hold sends back: the rate (evenly spaced, so that no window
 * of a second sees more than the rate plus the small burst), a pause the provider asked for, and a hold after the
 * provider refused the connection itself (wrong secret, disabled app), which ends with one probe.
 *
 * The rate begins at the documented figure and learns: halved by each "slow down", it grows back over twenty seconds
 * of peace. Without a documented figure there is nothing to halve; then only the pauses count.
 */
export class Pace {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  #nextAt = 0;
  #pausedUntil = 0;
  /** The share of the documented rate in use, at the time of the last "slow down". */
  #share = 1;
  #slowedAt = 0;
  #slowdowns = 0;
  #heldUntil = 0;
  #holds = 0;

  /** `perSecond` null or 0: no rate. */
  constructor(perSecond: number | null) {
    this.#intervalMs = perSecond ? 1_000 / perSecond : 0;
    this.#burstMs = this.#intervalMs * Math.max(1, (perSecond ?? 0) * BURST_SECONDS);
  }

  /** 0: one send may start now, and is counted. Otherwise the ms after which to ask again. */
  take(now: number): number {
    const blockedMs = this.blockedMs(now);
    if (blockedMs > 0) return blockedMs;
    if (this.#intervalMs === 0) return 0;
    const earliest = Math.max(this.#nextAt, now - this.#burstMs);
    if (earliest > now) return earliest - now;
    this.#nextAt = earliest + this.#intervalMs / this.share(now);
    return 0;
  }

  /**
   * The provider asked everybody on this connection to wait: for `retryAfterMs`, or, when it did not say, for a second
   * that doubles each time. Many such answers of one moment count as one. Answers for how long it is paused.
   */
  slowDown(now: number, retryAfterMs: number | null): number {
    const fresh = this.#pausedUntil <= now;
    if (fresh) {
      this.#share = Math.max(MIN_SHARE, this.share(now) / 2);
      this.#slowedAt = now;
      this.#slowdowns += 1;
    }
    const waitMs = retryAfterMs ?? Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** (this.#slowdowns - 1));
    if (fresh || retryAfterMs !== null) this.#pausedUntil = Math.max(this.#pausedUntil, now + waitMs);
    return this.#pausedUntil - now;
  }

  /** The share of the documented rate that is in use now. */
  share(now: number): number {
    return Math.min(1, this.#share + (now - this.#slowedAt) / RECOVERY_MS);
  }

  /** The provider refused the connection itself; answers for how long it is held: 5 s, doubling to a minute. */
  hold(now: number): number {
    if (this.#heldUntil <= now) {
      this.#heldUntil = now + Math.min(MAX_HOLD_MS, MIN_HOLD_MS * 2 ** this.#holds);
      this.#holds += 1;
    }
    return this.#heldUntil - now;
  }

  /** True after a hold, until the first success: then one send at a time finds out whether it is mended. */
  get probing(): boolean {
    return this.#holds > 0;
  }

  /** Answers true if this ends a hold. */
  succeed(): boolean {
    const mended = this.#holds > 0;
    this.#holds = 0;
    this.#heldUntil = 0;
    this.#slowdowns = 0;
    return mended;
  }

  /** Ms until a pause or hold is over; 0 when there is none. */
  blockedMs(now: number): number {
    return Math.max(0, this.#pausedUntil - now, this.#heldUntil - now);
  }

  /** How many sends the rate allows within `ms`. */
  allowance(ms: number): number {
    return this.#intervalMs === 0 ? Number.POSITIVE_INFINITY : Math.ceil(ms / this.#intervalMs);
  }
}

const BURST_SECONDS = 0.05;
const MIN_HOLD_MS = 5_000;
const MAX_HOLD_MS = 60_000;
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 64_000;
const MIN_SHARE = 1 / 64;
const RECOVERY_MS = 20_000;
