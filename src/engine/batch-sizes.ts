import { BATCH_SIZE } from '../model/notification.ts';
import type { Queue } from '../store/port/work.ts';

/**
 * How many batches are worth a claim. Each claim costs its turns of the database however much it brings, and a batch of
 * a small notification may be one recipient or a hundred: what the last claim of a queue brought tells which.
 */
export class BatchSizes {
  readonly #known = new Map<string, number>();

  worthClaiming(queue: Queue, room: number): number {
    return Math.min(MAX_BATCHES, Math.ceil(Math.min(room, MAX_RECIPIENTS) / this.#sizeOf(queue)));
  }

  /** Recipients in a batch, of those that were claimed. */
  learn(queue: Queue, size: number): void {
    if (queue.size === 'small') this.#known.set(keyOf(queue), size);
  }

  #sizeOf(queue: Queue): number {
    return this.#known.get(keyOf(queue)) ?? BATCH_SIZE;
  }
}

/**
 * What a claim brings is worked on in one go, and so many notifications take some ten milliseconds, in which callers wait.
 * Were the last claim all single recipients and this one all full batches, so many would be held.
 */
const MAX_BATCHES = 32;
const MAX_RECIPIENTS = 1_000;

const keyOf = ({ lane, botId, connectionId }: Queue): string => `${lane}/${botId}/${connectionId}`;
