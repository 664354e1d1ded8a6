import type { Lane } from '../model/notification.ts';
import { LANE_SHARES } from './ranks.ts';

/**
 * The slots of one connection. A provider that takes its time fills them all, so some are closed to whoever is not
 * urgent: rounded to the connection's advantage, so that of fewer than five all are open to everybody, and of many no
 * more than a few, since the more there are, the sooner one of them is free.
 */
export class Slots {
  readonly #concurrency: number;
  readonly #ceilings: Readonly<Record<Lane, number>>;
  readonly #taken: Record<Lane, number> = { urgent: 0, normal: 0, bulk: 0 };

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    const ceiling = (lane: Lane) =>
      Math.max(Math.ceil(concurrency * LANE_SHARES[lane]), concurrency - MOST_CLOSED[lane]);
    this.#ceilings = { urgent: concurrency, normal: ceiling('normal'), bulk: ceiling('bulk') };
  }

  get taken(): number {
    return this.#taken.urgent + this.#taken.normal + this.#taken.bulk;
  }

  /** Whoever was passed over for long may take one of the last slots too, as long as it has no more than a tenth of all. */
  isOpen(lane: Lane, isOverdue: boolean): boolean {
    if (this.taken < this.#ceilings[lane]) return true;
    const isOneOfFew = this.#taken[lane] < Math.max(1, this.#concurrency * OVERDUE_SHARE);
    return isOverdue && this.taken < this.#concurrency && isOneOfFew;
  }

  take(lane: Lane): void {
    this.#taken[lane] += 1;
  }

  leave(lane: Lane): void {
    this.#taken[lane] -= 1;
  }
}

const MOST_CLOSED: Readonly<Record<Lane, number>> = { urgent: 0, normal: 3, bulk: 6 };
const OVERDUE_SHARE = 0.1;
