import type { Clock } from '../../model/clock.ts';

interface LongWork<State> {
  readonly clock: Clock;
  /** Null: there is no such work. */
  readonly find: () => Promise<State | null>;
  readonly isOver: (state: State) => boolean;
  /** One step; 0: there is nothing to do now. */
  readonly goOn: () => Promise<number>;
}

const PATIENCE_MS = 1_000;
const STEP_MS = 100;

/** Works along for a second, so that what is small is over when it is answered; the rest is done by whoever sends. */
export async function untilOver<State>({ clock, find, isOver, goOn }: LongWork<State>): Promise<State | null> {
  const endsAt = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const state = await find();
    if (state === null || isOver(state) || clock.monotonic() >= endsAt) return state;
    if ((await goOn()) === 0) await new Promise<void>((resolve) => clock.after(STEP_MS, resolve));
  }
}
