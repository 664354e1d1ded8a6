import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Clock, systemClock } from '../../src/model/clock.ts';

interface Task {
  readonly dueAt: number;
  readonly run: () => void;
}

/** Waits up to this are not worth it to a test: nothing is early for them. */
const SHORT_MS = 50;

/**
 * The system's time, which leaps ahead when it is told so, and what became due by that is done at once. How far it is
 * ahead is kept in a file, so that the next process goes on from there. Nobody is kept waiting for a moment only.
 */
export function leapingClock(file: string): Clock & { leap(ms: number): void } {
  let aheadMs = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  const tasks = new Set<Task>();
  const clock: Clock = {
    now: () => systemClock.now() + aheadMs,
    monotonic: () => systemClock.monotonic() + aheadMs,
    after(delayMs, work) {
      const run = () => {
        cancel();
        work();
      };
      const stop = systemClock.after(delayMs > SHORT_MS ? delayMs : Math.min(delayMs, 1), run);
      const task: Task = { dueAt: clock.monotonic() + delayMs, run };
      const cancel = () => {
        stop();
        tasks.delete(task);
      };
      tasks.add(task);
      return cancel;
    },
  };
  return {
    ...clock,
    leap(ms) {
      aheadMs += ms;
      writeFileSync(file, String(aheadMs));
      for (const task of [...tasks]) if (task.dueAt <= clock.monotonic()) task.run();
    },
  };
}
