import type { Clock } from '../model/clock.ts';
import type { Store } from '../store/port.ts';
import { repeat } from './repeat.ts';

export interface UpkeepParts {
  readonly store: Pick<Store, 'prune'>;
  readonly clock: Clock;
  readonly isStopping: () => boolean;
  readonly onError: (chore: string, error: unknown) => void;
}

const PRUNE_EVERY_MS = 60_000;
const PRUNE_LIMIT = 1_000;

/** The chore nobody waits for, in small commits however much there is. Answers how to stop it. */
export function keepUp({ store, clock, isStopping, onError }: UpkeepParts): () => void {
  const prune = async () => {
    while (!isStopping() && (await store.prune({ now: clock.now(), limit: PRUNE_LIMIT })) >= PRUNE_LIMIT);
  };
  return repeat({
    clock,
    everyMs: PRUNE_EVERY_MS,
    task: prune,
    onError: (error) => onError('pruning failed', error),
  });
}
