import type { Clock } from '../model/clock.ts';

/** Whether it is over within so long. Rejects as it does, if it does so by then. */
export function isOverWithin(clock: Clock, ms: number, task: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(false));
    task.finally(cancel).then(() => resolve(true), reject);
  });
}
