import { constants } from 'node:os';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Resolves with the first signal to stop. The second ends the process at once, for an operator who has waited long
 * enough.
 */
export function firstStopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let signals = 0;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      signals += 1;
      // By convention a process that a signal ended says so with 128 and the signal's number.
      if (signals > 1) process.exit(128 + constants.signals[signal]);
      resolve(signal);
    });
  }
  return promise;
}
