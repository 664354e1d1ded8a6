import type { Nodes } from './nodes.ts';

/**
 * Leave to call a provider that is being held, to find out whether it works again: one node has it at a time, for as
 * long as it needs it. Where there are no other nodes it is always had. It lapses by the monotonic clock when the store
 * is not heard of, so nobody waits for a node that died.
 */
export class ProbeRight {
  readonly #nodes: Pick<Nodes, 'want'> | null;
  #until = Number.NEGATIVE_INFINITY;
  #neededAt = Number.NEGATIVE_INFINITY;
  #isOurs = false;

  constructor(nodes: Pick<Nodes, 'want'> | null) {
    this.#nodes = nodes;
  }

  /** False: it was asked for. Whoever waits for it asks here again and again, for else it goes to others. */
  has(now: number): boolean {
    if (this.#nodes === null) return true;
    const isNews = !this.#isNeeded(now);
    this.#neededAt = now;
    if (now < this.#until) return true;
    if (isNews) this.#nodes.want();
    return false;
  }

  /** What to ask the store: null: nothing, false: to give it to others. From here on it is not used but as answered. */
  ask(isInUse: boolean, now: number): boolean | null {
    if (isInUse || this.#isNeeded(now)) return true;
    if (!this.#isOurs) return null;
    this.#isOurs = false;
    this.#until = Number.NEGATIVE_INFINITY;
    return false;
  }

  /** Null: it is another's. Answers whether somebody who waits may go on. */
  answer(until: number | null): boolean {
    const isNew = until !== null && !this.#isOurs;
    this.#isOurs = until !== null;
    this.#until = until ?? Number.NEGATIVE_INFINITY;
    return isNew;
  }

  #isNeeded(now: number): boolean {
    return now < this.#neededAt + NEEDED_MS;
  }
}

/** Longer than anybody waits before they ask again. */
const NEEDED_MS = 600;
