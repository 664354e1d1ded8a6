import type { Queue } from '../store/port/work.ts';
import type { Work } from './work.ts';

/** The batches this process holds. A bot has a bounded number of them in each lane, over all its connections. */
export class HeldWorks {
  readonly #works = new Set<Work>();
  readonly #counts = new Map<string, number>();

  get works(): ReadonlySet<Work> {
    return this.#works;
  }

  /** How many more batches of a queue may be claimed. */
  roomFor({ lane, botId }: Pick<Queue, 'lane' | 'botId'>): number {
    return Math.max(0, MAX_BATCHES - (this.#counts.get(`${lane}/${botId}`) ?? 0));
  }

  add(work: Work): void {
    this.#works.add(work);
    this.#move(work, 1);
  }

  /** False: it is gone already. */
  delete(work: Work): boolean {
    if (!this.#works.delete(work)) return false;
    this.#move(work, -1);
    return true;
  }

  #move({ notification: { lane, botId } }: Work, by: 1 | -1): void {
    const key = `${lane}/${botId}`;
    const count = (this.#counts.get(key) ?? 0) + by;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}

const MAX_BATCHES = 1_000;
