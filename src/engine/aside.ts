import type { Sendable } from './job.ts';

/** Jobs that wait a moment for something of their own, out of everybody's way. */
export class Aside {
  readonly #jobs = new Set<{ readonly job: Sendable; readonly at: () => number }>();

  get size(): number {
    return this.#jobs.size;
  }

  get isFull(): boolean {
    return this.#jobs.size >= MAX_ASIDE;
  }

  /** When the first of them comes back, monotonic ms. */
  get nextAt(): number {
    return this.#jobs.values().reduce((earliest, { at }) => Math.min(earliest, at()), Number.POSITIVE_INFINITY);
  }

  /** `at`: when it comes back, as far as is known now. */
  put(job: Sendable, at: () => number): void {
    this.#jobs.add({ job, at });
  }

  /** Those whose moment has come, the first at the end. */
  takeDue(now: number): Sendable[] {
    const due = [...this.#jobs].filter(({ at }) => at() <= now).reverse();
    due.sort((one, other) => other.at() - one.at());
    for (const entry of due) this.#jobs.delete(entry);
    return due.map(({ job }) => job);
  }

  withdraw(isOne: (job: Sendable) => boolean): Sendable[] {
    const entries = [...this.#jobs].filter(({ job }) => isOne(job));
    for (const entry of entries) this.#jobs.delete(entry);
    return entries.map(({ job }) => job);
  }

  clear(): Sendable[] {
    const jobs = [...this.#jobs].map(({ job }) => job);
    this.#jobs.clear();
    return jobs;
  }
}

const MAX_ASIDE = 1_000;
