import type { Clock } from '../model/clock.ts';
import type { Store } from '../store/port.ts';
import { repeat } from './repeat.ts';

export interface AudiencesParts {
  readonly store: Pick<Store, 'advanceAudience'>;
  readonly clock: Clock;
  readonly isStopping: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** What nobody told this process of is found so late. */
const EVERY_MS = 1_000;
/** In one transaction: others wait no longer than it takes. */
const ROWS_PER_STEP = 500;

/** Gathers recipients, and clears away what served to do so, in small steps and one after the other. */
export class Audiences {
  readonly #parts: AudiencesParts;
  #advancing: Promise<void> | null = null;
  #isTold = false;

  constructor(parts: AudiencesParts) {
    this.#parts = parts;
  }

  /** Answers how to stop it. */
  start(): () => void {
    const { clock, onError } = this.#parts;
    return repeat({ clock, everyMs: EVERY_MS, task: () => this.#advance(), onError });
  }

  /** There is something to do. */
  heed(): void {
    this.#isTold = true;
    this.#advance().catch(this.#parts.onError);
  }

  #advance(): Promise<void> {
    this.#advancing ??= this.#advanceAll().finally(() => {
      this.#advancing = null;
    });
    return this.#advancing;
  }

  async #advanceAll(): Promise<void> {
    const { store, clock, isStopping } = this.#parts;
    do {
      this.#isTold = false;
      while (!isStopping() && (await store.advanceAudience({ at: clock.now(), limit: ROWS_PER_STEP })));
    } while (this.#isTold && !isStopping());
  }
}
