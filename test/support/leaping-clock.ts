import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Clock, systemClock } from '../../src/model/clock.ts';

interface Task {
  readonly dueAt: number;
  readonly run: () => void;
}

/**
 * The system's time, which leaps ahead when a signal comes, and what became due by that is done at once. How far it is
 * ahead is kept in a file, so that the next process goes on from there.
 */
export function leapingClock(leaps: Readonly<Partial<Record<NodeJS.Signals, number>>>): Clock {
  const file = clockFile();
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
      const stop = systemClock.after(delayMs, run);
      const task: Task = { dueAt: clock.monotonic() + delayMs, run };
      const cancel = () => {
        stop();
        tasks.delete(task);
      };
      tasks.add(task);
      return cancel;
    },
  };
  for (const [signal, leapMs] of Object.entries(leaps)) {
    process.on(signal, () => {
      aheadMs += leapMs;
      writeFileSync(file, String(aheadMs));
      for (const task of [...tasks]) if (task.dueAt <= clock.monotonic()) task.run();
      console.log('time has passed');
    });
  }
  return clock;
}

function clockFile(): string {
  const [config = '', database = ''] = ['--config', '--database'].map(
    (flag) => process.argv[process.argv.indexOf(flag) + 1],
  );
  return `${config}.${database.replace(/\W/g, '-')}.clock`;
}
