import type { Clock } from '../model/clock.ts';

export interface BucketSize {
  /** What a full bucket holds. */
  readonly burst: number;
  /** Time for one more. */
  readonly refillMs: number;
}

const SWEEP_FROM = 10_000;

/** A bucket per key, full at first. What is refused takes nothing. */
export class RefillingBuckets {
  readonly #size: BucketSize;
  readonly #clock: Clock;
  /** When a bucket will be full again. */
  readonly #fullAt = new Map<string, number>();
  #sweepAt = SWEEP_FROM;

  constructor(size: BucketSize, clock: Clock) {
    this.#size = size;
    this.#clock = clock;
  }

  /** Takes one; false when the bucket is empty. */
  take(key: string): boolean {
    const { burst, refillMs } = this.#size;
    const now = this.#clock.monotonic();
    const fullAt = Math.max(this.#fullAt.get(key) ?? now, now) + refillMs;
    if (fullAt - now > burst * refillMs) return false;
    this.#fullAt.set(key, fullAt);
    if (this.#fullAt.size > this.#sweepAt) this.#sweepFull(now);
    return true;
  }

  clear(): void {
    this.#fullAt.clear();
    this.#sweepAt = SWEEP_FROM;
  }

  /** Runs when the number of keys has doubled, so it costs O(1) per call. */
  #sweepFull(now: number): void {
    for (const [key, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(key);
    this.#sweepAt = Math.max(SWEEP_FROM, this.#fullAt.size * 2);
  }
}
