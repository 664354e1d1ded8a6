import { RANKS } from './ranks.ts';

/**
 * Which rank goes next. The first one, but none that waits is passed over more than nine times in a row: under a flood of
 * urgent messages a bulk run still has a tenth.
 */
export class Precedence {
  readonly #passed: number[] = RANKS.map(() => 0);

  /** Of the ranks that wait and may go; null: there is none. `isOverdue`: it was passed over for long enough. */
  next(waits: (rank: number) => boolean, mayGo: (rank: number, isOverdue: boolean) => boolean): number | null {
    let first: number | null = null;
    let overdue: number | null = null;
    // Asked for every send, so without anything that has to be collected.
    for (let rank = 0; rank < RANKS.length; rank += 1) {
      if (!waits(rank)) continue;
      if (first === null && mayGo(rank, false)) first = rank;
      const isLonger = this.#passedOver(rank) > (overdue === null ? PATIENCE - 1 : this.#passedOver(overdue));
      if (isLonger && mayGo(rank, true)) overdue = rank;
    }
    return overdue ?? first;
  }

  /** One of `rank` goes. */
  count(rank: number, waits: (rank: number) => boolean): void {
    for (let other = 0; other < RANKS.length; other += 1) {
      if (other === rank) this.#passed[other] = 0;
      else if (waits(other)) this.#passed[other] = this.#passedOver(other) + 1;
    }
  }

  #passedOver(rank: number): number {
    return this.#passed[rank] ?? 0;
  }
}

const PATIENCE = 9;
