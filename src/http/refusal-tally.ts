import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Meter } from '../model/meter.ts';

const LINE_EVERY_MS = 1_000;

export interface RefusedRequests {
  readonly route: string | null;
  readonly status: number | null;
  readonly botId: string | null;
}

export interface RefusalTallyParts {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  readonly meter: Pick<Meter, 'refused'>;
}

/**
 * Requests that were told to come again later: one line a second for those that are alike, with their number, since
 * they come by the thousand just when there is no time to write about each.
 */
export class RefusalTally {
  readonly #parts: RefusalTallyParts;
  readonly #counts = new Map<string, { readonly refused: RefusedRequests; count: number }>();

  constructor(parts: RefusalTallyParts) {
    this.#parts = parts;
  }

  add(refused: RefusedRequests): void {
    if (this.#counts.size === 0) this.#parts.clock.after(LINE_EVERY_MS, () => this.tell());
    // Routes are patterns and bots are known ones, so there are not many keys.
    const key = `${refused.status} ${refused.botId} ${refused.route}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { refused, count: 1 });
    else known.count += 1;
  }

  /** What was not told yet. */
  tell(): void {
    for (const { refused, count } of this.#counts.values()) {
      this.#parts.logger.warn('requests refused', { ...refused, count });
      this.#parts.meter.refused(refused, count);
    }
    this.#counts.clear();
  }
}
