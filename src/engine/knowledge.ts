import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { ForgottenAddress, LearnedAddress, Silence, WorkedRequest } from '../store/port/directory.ts';
import type { Store } from '../store/port.ts';

export interface KnowledgeParts {
  readonly store: Pick<Store, 'saveAddresses' | 'forgetAddresses' | 'markWorked' | 'silence'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Silenced extends Silence {
  readonly botId: string;
  readonly connectionId: string;
}

/**
 * What sends and look-ups taught us of addresses, saved together now and then. It is knowledge, no promise: a failure
 * costs a look-up or a send later, so it is only logged.
 */
export class Knowledge {
  readonly #parts: KnowledgeParts;
  #learned: LearnedAddress[] = [];
  #forgotten: ForgottenAddress[] = [];
  #worked: WorkedRequest['addresses'][number][] = [];
  #silenced: Silenced[] = [];

  constructor(parts: KnowledgeParts) {
    this.#parts = parts;
  }

  learn(address: LearnedAddress): void {
    this.#learned.push(address);
  }

  forget(address: ForgottenAddress): void {
    this.#forgotten.push(address);
  }

  /** A provider took a message for it. */
  markWorked(address: WorkedRequest['addresses'][number]): void {
    this.#worked.push(address);
  }

  silence(silenced: Silenced): void {
    this.#silenced.push(silenced);
  }

  async save(): Promise<void> {
    const [learned, forgotten, worked, silenced] = [this.#learned, this.#forgotten, this.#worked, this.#silenced];
    const count = learned.length + forgotten.length + worked.length + silenced.length;
    if (count === 0) return;
    [this.#learned, this.#forgotten, this.#worked, this.#silenced] = [[], [], [], []];
    const { store, clock, logger } = this.#parts;
    try {
      if (forgotten.length > 0) await store.forgetAddresses({ addresses: forgotten });
      if (learned.length > 0) await store.saveAddresses({ addresses: learned });
      if (worked.length > 0) await store.markWorked({ addresses: worked, at: clock.now() });
      for (const [, entries] of Map.groupBy(silenced, ({ connectionId }) => connectionId)) {
        const [first] = entries;
        if (first !== undefined) await store.silence({ ...first, entries });
      }
    } catch (error) {
      logger.warn('addresses not saved', { error, count });
    }
  }
}
