import type { Clock } from '../model/clock.ts';
import { StoreUnavailable } from './port/errors.ts';

export interface Turns {
  readonly count: number;
  readonly clock: Clock;
  /** Whoever has waited this long is told that the store is unavailable: those before it wait for a database that is silent. */
  readonly patienceMs: number;
}

/** Runs so many at a time of what it is given; the others wait in their order, but not for long. */
export function atMost({ count, clock, patienceMs }: Turns): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting = new Set<() => void>();
  let running = 0;

  const turn = () =>
    new Promise<void>((resolve, reject) => {
      const begin = () => {
        giveUpNever();
        resolve();
      };
      const giveUpNever = clock.after(patienceMs, () => {
        waiting.delete(begin);
        reject(new StoreUnavailable('the database did not take in what came before'));
      });
      waiting.add(begin);
    });

  return async function inTurn(work) {
    if (running < count) running += 1;
    // Whoever ends hands its place on.
    else await turn();
    try {
      return await work();
    } finally {
      const [next] = waiting;
      if (next === undefined) running -= 1;
      else {
        waiting.delete(next);
        next();
      }
    }
  };
}
