import { Fault, type FaultName } from './faults.ts';

export interface Few {
  /** Of one bot at once. */
  readonly ofBot: number;
  /** Of all. */
  readonly ofAll: number;
  readonly fault: FaultName;
  readonly detail: string;
  readonly retryAfterSeconds: number;
}

/** Work that takes memory or disk while it lasts, so that one caller cannot have all of it. */
export class FewAtOnce {
  readonly #few: Few;
  readonly #running = new Map<string, number>();
  #all = 0;

  constructor(few: Few) {
    this.#few = few;
  }

  async run<T>(botId: string, work: () => Promise<T>): Promise<T> {
    const { ofBot, ofAll, fault, detail, retryAfterSeconds } = this.#few;
    const others = this.#running.get(botId) ?? 0;
    if (others >= ofBot || this.#all >= ofAll) {
      throw new Fault(fault, detail, { 'retry-after': String(retryAfterSeconds) });
    }
    this.#running.set(botId, others + 1);
    this.#all += 1;
    try {
      return await work();
    } finally {
      this.#all -= 1;
      const left = (this.#running.get(botId) ?? 1) - 1;
      if (left === 0) this.#running.delete(botId);
      else this.#running.set(botId, left);
    }
  }
}
