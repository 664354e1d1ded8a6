import { Fifo } from './fifo.ts';
import type { Sendable } from './job.ts';
import { Precedence } from './precedence.ts';
import { RANKS } from './ranks.ts';

/** What waits on one connection, by rank. */
export class Lineup {
  readonly #lines = RANKS.map(() => new Fifo<Sendable>());
  readonly #precedence = new Precedence();
  readonly #waits = (rank: number): boolean => this.waitingOf(rank) > 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  waitingOf(rank: number): number {
    return this.#lines[rank]?.size ?? 0;
  }

  /** How many a newcomer of this rank would find before it. */
  waitingUpTo(rank: number): number {
    return this.#lines.slice(0, rank + 1).reduce((sum, line) => sum + line.size, 0);
  }

  push(job: Sendable): void {
    this.#lines[job.work.rank]?.push(job);
    this.#size += 1;
  }

  /** For few: it may move all the others. */
  putFirst(job: Sendable): void {
    this.#lines[job.work.rank]?.putFirst(job);
    this.#size += 1;
  }

  /** Whose turn it is; it stays until it is shifted. */
  next(mayGo: (rank: number, isOverdue: boolean) => boolean): Sendable | null {
    const rank = this.#precedence.next(this.#waits, mayGo);
    return rank === null ? null : (this.#lines[rank]?.peek() ?? null);
  }

  /** It goes: the others were passed over. */
  start(job: Sendable): void {
    this.drop(job);
    this.#precedence.count(job.work.rank, this.#waits);
  }

  /** Nothing becomes of it, or nothing yet. */
  drop(job: Sendable): void {
    this.#lines[job.work.rank]?.shift();
    this.#size -= 1;
  }

  /** Takes out those of a kind; the others keep their order. */
  withdraw(isOne: (job: Sendable) => boolean): Sendable[] {
    const withdrawn = this.#lines.flatMap((line) => line.withdraw(isOne));
    this.#size -= withdrawn.length;
    return withdrawn;
  }

  clear(): Sendable[] {
    this.#size = 0;
    return this.#lines.flatMap((line) => line.clear());
  }
}
