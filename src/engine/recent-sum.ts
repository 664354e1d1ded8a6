/** What was added within the last so many ms, give or take a twentieth of them; costs the same however much it is. */
export class RecentSum {
  readonly #slotMs: number;
  readonly #slots = new Float64Array(SLOTS);
  #newest = 0;

  constructor(spanMs: number) {
    this.#slotMs = spanMs / SLOTS;
  }

  add(now: number, amount: number): void {
    this.#forget(now);
    const slot = this.#newest % SLOTS;
    this.#slots[slot] = (this.#slots[slot] ?? 0) + amount;
  }

  total(now: number): number {
    this.#forget(now);
    return this.#slots.reduce((sum, slot) => sum + slot, 0);
  }

  /** Ms until the first of it is forgotten; 0 when there is nothing. */
  lastsMs(now: number): number {
    this.#forget(now);
    for (let age = SLOTS - 1; age >= 0; age -= 1) {
      const slot = this.#newest - age;
      if ((this.#slots[((slot % SLOTS) + SLOTS) % SLOTS] ?? 0) > 0) return (slot + SLOTS) * this.#slotMs - now;
    }
    return 0;
  }

  clear(): void {
    this.#slots.fill(0);
  }

  #forget(now: number): void {
    const newest = Math.floor(now / this.#slotMs);
    const passed = Math.min(SLOTS, newest - this.#newest);
    for (let step = 0; step < passed; step += 1) this.#slots[(newest - step) % SLOTS] = 0;
    this.#newest = newest;
  }
}

const SLOTS = 20;
