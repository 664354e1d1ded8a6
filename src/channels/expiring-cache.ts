import type { Clock } from '../model/clock.ts';

interface Entry<Value> {
  readonly value: Value;
  readonly expiresAt: number;
}

/** Remembers values for a while, and at most `max` of them: the one unused for longest makes room. */
export class ExpiringCache<Value> {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<Value>>();

  constructor(max: number, clock: Clock) {
    this.#max = max;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expiresAt <= this.#clock.monotonic()) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: Value, lifetimeMs: number): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#max) this.#dropOldest();
    this.#entries.set(key, { value, expiresAt: this.#clock.monotonic() + lifetimeMs });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }
}
