import type { Clock } from '../model/clock.ts';
import type { Store } from '../store/port.ts';
import { repeat } from './repeat.ts';

export interface UpkeepParts {
  readonly store: Pick<Store, 'prune' | 'advanceAudience'>;
  readonly clock: Clock;
  readonly isStopping: () => boolean;
  readonly onError: (chore: string, error: unknown) => void;
}

const PRUNE_EVERY_MS = 60_000;
const PRUNE_LIMIT = 1_000;
const AUDIENCES_EVERY_MS = 1_000;
const ROWS_PER_STEP = 500;

/** The chores nobody waits for, in small commits however much there is. Answers how to stop them. */
export function keepUp({ store, clock, isStopping, onError }: UpkeepParts): () => void {
  const prune = async () => {
    while (!isStopping() && (await store.prune({ now: clock.now(), limit: PRUNE_LIMIT })) >= PRUNE_LIMIT);
  };
  const advanceAudiences = async () => {
    while (!isStopping() && (await store.advanceAudience({ at: clock.now(), limit: ROWS_PER_STEP })));
  };
  const stops = [
    repeat({
      clock,
      everyMs: PRUNE_EVERY_MS,
      task: prune,
      onError: (error) => onError('pruning failed', error),
    }),
    repeat({
      clock,
      everyMs: AUDIENCES_EVERY_MS,
      task: advanceAudiences,
      onError: (error) => onError('advancing audiences failed', error),
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
