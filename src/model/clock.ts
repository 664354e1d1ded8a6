/**
 * Time as the product sees it. Nothing else may read a clock (a test enforces it), so that tests and the simulation
 * own time. `now` is wall time in epoch milliseconds and only for what people see; `monotonic` (milliseconds from an
 * arbitrary start, never backwards, goes on while the process is stopped) is for deadlines.
 */
export interface Clock {
  now(): number;
  monotonic(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A number in [0, 1), the shape of `Math.random`; injected so that jitter can be replayed. */
export type Random = () => number;
