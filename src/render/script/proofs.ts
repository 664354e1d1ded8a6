const MAX_PROVEN = 10_000;

/**
 * Scripts, by tenant and source, whose last step ended by itself. However many others are at
 * work or stuck somewhere, whoever did well before never waits for them.
 */
export class Proofs {
  /** The longest unused first. */
  readonly #proven = new Set<string>();

  has(key: string): boolean {
    return this.#proven.has(key);
  }

  note(key: string, hasEnded: boolean): void {
    this.#proven.delete(key);
    if (hasEnded) this.#proven.add(key);
    const [oldest] = this.#proven;
    if (this.#proven.size > MAX_PROVEN && oldest !== undefined) this.#proven.delete(oldest);
  }
}
