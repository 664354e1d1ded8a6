import type { Readable } from 'node:stream';

/**
 * Watches one mail leave. A relay must forget a mail whose final dot never came, so until the whole of it was read
 * nothing can have been delivered; from then on only the relay's reply tells.
 */
export class Transmission {
  #isComplete = false;

  /** True once the final dot may have left. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  watch(mail: Readable): Readable {
    return mail.once('end', () => {
      this.#isComplete = true;
    });
  }
}
