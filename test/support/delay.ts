import { setTimeout as wait } from 'node:timers/promises';

/** For faults that come at a random moment; what a test waits for has a name instead. */
export const delay = (ms: number): Promise<void> => wait(ms);

/** For how long something else is waited for at most: the process need not stay for it. */
export const patience = (ms: number): Promise<void> => wait(ms, undefined, { ref: false });
