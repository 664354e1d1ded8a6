import { performance } from 'node:perf_hooks';
import type { Clock } from '../model/clock.ts';

const LOOK_MS = 250;
/** Of a thread that did more between two looks, somebody may wait for an answer. */
const AT_REST = 0.02;
/** What the start needed is given back before anybody wants much of a server. */
const FIRST_REST_MS = 500;
/** Later what is given back is missed by whoever ends the rest. */
const REST_MS = 30_000;
/** Less is not worth it: the thread stands still for 20 to 70 ms. */
const WORTH_BYTES = 8 * 1024 * 1024;

export interface Thread {
  /** The share of the time since it was last asked in which the thread did anything, 0 to 1. */
  busy(): number;
  heapBytes(): number;
  /** Gives back to the system whatever nobody holds. */
  collect(): void;
}

/**
 * V8 keeps what a start or a busy hour needed, for there may be another; a server waits for most of its life. So a thread
 * that is at rest collects once, and later after half a minute of it if there is something to be had. The function returned
 * ends that.
 */
export function giveBackAtRest(clock: Clock, thread: Thread | null = thisThread()): () => void {
  if (thread === null) return () => {};
  let keptBytes = 0;
  let enoughMs = FIRST_REST_MS;
  let restedMs = 0;
  const look = (): void => {
    restedMs = thread.busy() < AT_REST ? restedMs + LOOK_MS : 0;
    if (restedMs >= enoughMs && thread.heapBytes() - keptBytes >= WORTH_BYTES) {
      thread.collect();
      keptBytes = thread.heapBytes();
      enoughMs = REST_MS;
    }
    cancel = clock.after(LOOK_MS, look);
  };
  let cancel = clock.after(LOOK_MS, look);
  return () => cancel();
}

/** The thread this runs in; null where the process was not started with `--expose-gc`, as `bin/beckon.mjs` starts a server. */
function thisThread(): Thread | null {
  const { gc } = globalThis;
  if (gc === undefined) return null;
  let before = performance.eventLoopUtilization();
  return {
    busy() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    heapBytes: () => process.memoryUsage().heapUsed,
    // Any other flavor keeps the young generation as large as it ever was.
    collect: () => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
  };
}
