/** Somebody who waits for a hold to end. */
export interface Held {
  pump(): void;
}

/**
 * A connection that the provider refused (wrong secret, disabled app) is held: nothing is sent for a while, then one
 * probe at a time until one succeeds, or as many as it takes. Connections with the very same settings share it, for they
 * fare the same.
 */
export class Hold {
  readonly #members = new Set<Held>();
  #until = 0;
  #count = 0;
  readonly #mendedAfter: number;
  #successes = 0;
  #isProbing = false;
  /** What the provider said; null when nothing is held. */
  #why: string | null = null;

  constructor(mendedAfter = 1) {
    this.#mendedAfter = mendedAfter;
  }

  join(member: Held): void {
    this.#members.add(member);
  }

  get why(): string | null {
    return this.#why;
  }

  /** Answers for how long it is held: 5 s, doubling to a minute. Many refusals of one moment count as one. */
  begin(now: number, why: string): number {
    if (this.#until <= now) {
      this.#until = now + Math.min(MAX_HOLD_MS, MIN_HOLD_MS * 2 ** this.#count);
      this.#count += 1;
    }
    this.#why = why;
    return this.#until - now;
  }

  /** Ms until it is over; 0 when there is none. */
  heldMs(now: number): number {
    return Math.max(0, this.#until - now);
  }

  /** True from its beginning until it is mended: then one call at a time finds out whether it is mended. */
  get probing(): boolean {
    return this.#count > 0;
  }

  /** True when the one call is under way that finds out. */
  get isProbeOut(): boolean {
    return this.#isProbing;
  }

  /** A call begins; answers whether it is the probe, whose end has to be told. */
  startCall(): boolean {
    if (!this.probing) return false;
    this.#isProbing = true;
    return true;
  }

  endProbe(): void {
    this.#isProbing = false;
    for (const member of this.#members) member.pump();
  }

  /** A call succeeded. Answers true if this ends a hold. */
  succeed(): boolean {
    if (this.#count === 0) return false;
    this.#successes += 1;
    if (this.#successes < this.#mendedAfter) return false;
    this.#count = 0;
    this.#successes = 0;
    this.#until = 0;
    this.#why = null;
    return true;
  }
}

const MIN_HOLD_MS = 5_000;
const MAX_HOLD_MS = 60_000;
