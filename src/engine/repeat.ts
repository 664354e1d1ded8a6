import type { Clock } from '../model/clock.ts';

export interface Repetition {
  readonly clock: Clock;
  /** From the end of one run to the beginning of the next. */
  readonly everyMs: number;
  readonly task: () => Promise<unknown>;
  readonly onError: (error: unknown) => void;
}

/** Runs a chore again and again. Answers how to stop it; a run under way then is the last. */
export function repeat({ clock, everyMs, task, onError }: Repetition): () => void {
  let stopped = false;
  let cancel = () => {};
  const schedule = () => {
    if (stopped) return;
    cancel = clock.after(everyMs, () => {
      task().catch(onError).finally(schedule);
    });
  };
  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}
