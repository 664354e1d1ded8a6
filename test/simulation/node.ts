import type { Clock } from '../../src/model/clock.ts';

/**
 * A process as far as the far side can tell: what it started goes on without it, but nothing reaches it while it stands
 * still, and nothing ever again after it died. Timers that came due meanwhile run when it goes on.
 */
export class Node {
  readonly name: string;
  readonly clock: Clock;
  #state: 'up' | 'paused' | 'dead' = 'up';
  #missed: (() => void)[] = [];
  readonly #world: Clock;

  constructor(name: string, world: Clock) {
    this.name = name;
    this.#world = world;
    this.clock = {
      now: () => world.now(),
      monotonic: () => world.monotonic(),
      // Whole ms and never none, as Node's own timers.
      after: (delayMs, task) => world.after(Math.max(1, Math.ceil(delayMs)), () => this.enter(task)),
    };
  }

  get state() {
    return this.#state;
  }

  pause(): void {
    if (this.#state === 'up') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'up';
    const missed = this.#missed;
    this.#missed = [];
    for (const task of missed) this.#world.after(0, () => this.enter(task));
  }

  die(): void {
    this.#state = 'dead';
    this.#missed = [];
  }

  enter(task: () => void): void {
    if (this.#state === 'up') task();
    else if (this.#state === 'paused') this.#missed.push(task);
  }

  /** An answer from outside, as this process gets to see it. */
  hear<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => this.enter(() => resolve(value)),
        (error: unknown) => this.enter(() => reject(error)),
      );
    });
  }
}
