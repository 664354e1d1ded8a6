import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/model/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

/** A clock that moves only when told. Timers run in order of time, then of their making. */
export class VirtualClock implements Clock {
  #time: number;
  #order = 0;
  readonly #timers = new Set<Timer>();
  readonly #settled: () => Promise<void>;

  /** `whenSettled` resolves when nothing can happen any more before time moves on. */
  constructor(startsAt = 1_700_000_000_000, whenSettled = settled) {
    this.#time = startsAt;
    this.#settled = whenSettled;
  }

  /** Whole milliseconds, as those of every wall clock. */
  now(): number {
    return Math.floor(this.#time);
  }

  monotonic(): number {
    return this.#time;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { at: this.#time + Math.max(0, delayMs), order: this.#order, task };
    this.#order += 1;
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets everything that is ready run, then moves on to the next timer, until `ms` have passed. */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms;
    await this.#settled();
    for (let next = this.#next(end); next !== null; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#time = Math.max(this.#time, next.at);
      next.task();
      await this.#settled();
    }
    this.#time = end;
    await this.#settled();
  }

  /** Moves on at once; what became due meanwhile runs once, however often it would have. Nothing may be under way. */
  async leap(ms: number): Promise<void> {
    await this.#settled();
    this.#time += ms;
    await this.advance(0);
  }

  #next(end: number): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      if (next === null || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}

/** The event loop's turns that a chain of promises and group commits takes; all of it is in this process. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await setImmediate();
}
