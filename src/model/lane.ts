import { BATCH_SIZE, type Lane } from './notification.ts';

/** A notification of one batch is small. Within its lane it does not stand behind the large ones. */
export const SIZES = ['small', 'large'] as const;
export type Size = (typeof SIZES)[number];

export const sizeOf = (total: number): Size => (total <= BATCH_SIZE ? 'small' : 'large');

/**
 * The lane of a notification whose sender named none: a run is bulk, and what is small overtakes it. Nothing is urgent by
 * its size, for what is urgent is given up after ten minutes.
 */
export const laneFor = (total: number): Lane => (sizeOf(total) === 'small' ? 'normal' : 'bulk');
