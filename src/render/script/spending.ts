import type { Worker } from 'node:worker_threads';

/** The processor time that a thread had since this began, as of the last answer: one that is stuck still answers. */
export class Spending {
  readonly #worker: Pick<Worker, 'cpuUsage'>;
  #firstMs: number | null = null;
  #lastMs = 0;
  #isAsking = false;

  constructor(worker: Pick<Worker, 'cpuUsage'>) {
    this.#worker = worker;
    this.ask();
  }

  get spentMs(): number {
    return this.#firstMs === null ? 0 : this.#lastMs - this.#firstMs;
  }

  ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#worker.cpuUsage().then(
      ({ user, system }) => {
        this.#isAsking = false;
        this.#lastMs = (user + system) / 1_000;
        this.#firstMs ??= this.#lastMs;
      },
      // It is gone, which others tell; nothing more is asked.
      () => {},
    );
  }
}
