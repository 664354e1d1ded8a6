import { Script } from 'node:vm';

/** Where the call below finds what it is to run; nothing else of this thread is asked for by that name. */
const WORK = 'workThatMayBeStopped';
const CALL = new Script(`${WORK}()`);
const TIMEOUT = 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/** It was ended wherever it was, and what it was at is half done. */
export class Stopped extends Error {
  /** Processor time it had. */
  readonly spentMs: number;

  constructor(spentMs: number) {
    super('stopped from outside');
    this.spentMs = spentMs;
  }
}

/** Of this thread. */
export const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

/**
 * Ends work that takes longer, wall time, also where nothing asks whether it may go on: a loop inside the engine, for
 * one. The thread lives on, which is many times cheaper than to begin a new one, but setting the alarm takes a good part
 * of a millisecond.
 */
export function runWithin<T>(wallMs: number, work: () => T): T {
  const startedAt = cpuMs();
  Reflect.set(globalThis, WORK, work);
  try {
    return CALL.runInThisContext({ timeout: wallMs, displayErrors: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === TIMEOUT) throw new Stopped(cpuMs() - startedAt);
    throw error;
  } finally {
    Reflect.deleteProperty(globalThis, WORK);
  }
}
