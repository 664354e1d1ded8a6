import type { Random } from '../model/clock.ts';
import type { Slowed } from '../store/port/limits.ts';

/**
 * How fast one account may be called, as far as we choose it ourselves. Pure of timers: it is asked with the present
 * monotonic time and answers how long to wait. Two things hold calls back: the rate (evenly spaced, but for a small
 * burst) and a pause the provider asked for.
 *
 * The rate begins at the documented figure and learns: halved by each "slow down", it grows back over twenty seconds
 * of peace. Without a documented figure there is nothing to halve; then only the pauses count.
 */
export class Pace {
  readonly perSecond: number | null;
  readonly #random: Random;
  readonly #intervalMs: number;
  readonly #burstMs: number;
  #nextAt = 0;
  #pausedUntil = 0;
  /** The share of the documented rate in use, at the time of the last "slow down". */
  #share = 1;
  #slowedAt = 0;
  #slowdowns = 0;
  #why: string | null = null;
  /** How much of the rate is this node's, 0 to 1. */
  #part = 1;
  /** Nobody has been told of the last "slow down" yet. */
  #isNews = false;

  /** `perSecond` null or 0: no rate. */
  constructor(perSecond: number | null, random: Random) {
    this.perSecond = perSecond || null;
    this.#random = random;
    this.#intervalMs = perSecond ? 1_000 / perSecond : 0;
    this.#burstMs = this.#intervalMs * Math.max(1, (perSecond ?? 0) * BURST_SECONDS);
  }

  /** 0: one call may start now. Otherwise the ms after which to ask again. Counts nothing. */
  waitMs(now: number): number {
    const pausedMs = this.pausedMs(now);
    if (pausedMs > 0 || this.#intervalMs === 0) return pausedMs;
    return Math.max(0, this.#nextAt - now);
  }

  /** One call starts. */
  count(now: number): void {
    if (this.#intervalMs === 0) return;
    this.#nextAt = Math.max(this.#nextAt, now - this.#burstMs) + this.#intervalMs / (this.share(now) * this.#part);
  }

  /**
   * The provider asked everybody on this account to wait: for `retryAfterMs`, or, when it did not say, for a second
   * that doubles each time; up to a tenth more, so that not everybody who was told comes back in one instant. Many such
   * answers of one moment count as one. Answers for how long it is paused.
   */
  slowDown(now: number, retryAfterMs: number | null, why: string): number {
    const fresh = this.#pausedUntil <= now;
    if (fresh) {
      this.#share = Math.max(MIN_SHARE, this.share(now) / 2);
      this.#slowedAt = now;
      this.#slowdowns += 1;
      this.#why = why;
      this.#isNews = true;
    }
    const askedMs = retryAfterMs ?? Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** (this.#slowdowns - 1));
    if (fresh || (retryAfterMs !== null && now + retryAfterMs > this.#pausedUntil)) {
      this.#pausedUntil = Math.max(this.#pausedUntil, now + askedMs * (1 + JITTER * this.#random()));
    }
    return Math.max(0, this.#pausedUntil - now);
  }

  /** Other nodes use the rest of the rate. */
  limitTo(part: number): void {
    this.#part = part;
  }

  /** What the provider asked, for other nodes; null when they were told. */
  news(now: number): Slowed | null {
    if (!this.#isNews) return null;
    return { pausedMs: this.pausedMs(now), share: this.#share, agoMs: now - this.#slowedAt, why: this.#why ?? '' };
  }

  markTold(): void {
    this.#isNews = false;
  }

  /** The provider asked another node. */
  heed({ pausedMs, share, agoMs, why }: Slowed, now: number): void {
    const at = now - agoMs;
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pausedMs);
    if (Math.min(1, share + agoMs / RECOVERY_MS) >= this.share(now)) return;
    this.#share = share;
    this.#slowedAt = at;
    this.#why = why;
  }

  /** The share of the documented rate that is in use now. */
  share(now: number): number {
    return Math.min(1, this.#share + (now - this.#slowedAt) / RECOVERY_MS);
  }

  /** What the provider said when it last asked to slow down, while that still has an effect. */
  why(now: number): string | null {
    return this.pausedMs(now) > 0 || this.share(now) < 1 ? this.#why : null;
  }

  succeed(): void {
    this.#slowdowns = 0;
  }

  /** Ms until a pause is over; 0 when there is none. */
  pausedMs(now: number): number {
    return Math.max(0, this.#pausedUntil - now);
  }

  /** How many of them this node will make within `ms`. */
  due(ms: number, now: number): number {
    return this.#intervalMs === 0
      ? Number.POSITIVE_INFINITY
      : Math.ceil((ms / this.#intervalMs) * this.share(now) * this.#part);
  }

  /** How many calls the rate allows within `ms`. */
  allowance(ms: number): number {
    return this.#intervalMs === 0 ? Number.POSITIVE_INFINITY : Math.ceil(ms / this.#intervalMs);
  }
}

const BURST_SECONDS = 0.05;
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 64_000;
const JITTER = 0.1;
const MIN_SHARE = 1 / 64;
const RECOVERY_MS = 20_000;
