/**
 * Named moments of the engine's life, for tests and the simulation to wait on instead of sleeping. Nobody listening
 * costs one call to an empty function.
 */
export type Moment = 'claimed' | 'sending' | 'sent' | 'checkpointed' | 'leaseLost' | 'ended' | 'held' | 'mended';

export interface Moments {
  emit(moment: Moment, count: number): void;
}

export const silentMoments: Moments = { emit() {} };
