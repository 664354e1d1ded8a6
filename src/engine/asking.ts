import type { Clock } from '../model/clock.ts';
import { repeat } from './repeat.ts';

export interface AskingParts {
  readonly clock: Clock;
  /** One question about everything that is open at its moment. */
  readonly ask: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Asks the store what nodes share: four times in the time an answer lasts, at once when somebody waits, one at a time. */
export class Asking {
  readonly #parts: AskingParts;
  #stopKeeping = () => {};
  #asking: Promise<void> | null = null;
  #isWanted = false;

  constructor(parts: AskingParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock, onError } = this.#parts;
    this.#stopKeeping = repeat({ clock, everyMs: HOLD_MS / 4, task: () => this.#askOnce(), onError });
  }

  stop(): void {
    this.#stopKeeping();
  }

  /** Somebody waits who has nothing. */
  want(): void {
    this.#isWanted = true;
    if (this.#asking === null) this.#askOnce().catch(this.#parts.onError);
  }

  #askOnce(): Promise<void> {
    this.#asking ??= this.#askForAll().finally(() => {
      this.#asking = null;
      if (this.#isWanted) this.want();
    });
    return this.#asking;
  }

  /** Whoever else begins to wait in this moment is asked for with the first. */
  async #askForAll(): Promise<void> {
    await null;
    this.#isWanted = false;
    await this.#parts.ask();
  }
}

/** How long what was given lasts, on the monotonic clock, from before it was asked for. */
export const HOLD_MS = 1_000;
