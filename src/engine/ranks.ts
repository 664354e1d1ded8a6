import { SIZES, type Size } from '../model/lane.ts';
import { LANES, type Lane } from '../model/notification.ts';

/** Lanes in their order, in each the small notifications before the large ones: 0 goes first. */
export const RANKS: readonly { readonly lane: Lane; readonly size: Size }[] = LANES.flatMap((lane) =>
  SIZES.map((size) => ({ lane, size })),
);

export const rankOf = (lane: Lane, size: Size): number => LANES.indexOf(lane) * SIZES.length + SIZES.indexOf(size);

/** Nobody's rank counts with the last. */
export const laneOf = (rank: number | null): Lane => RANKS[rank ?? -1]?.lane ?? 'bulk';

/** How much of what there is a lane may fill. What it leaves is there for those above it, without waiting. */
export const LANE_SHARES: Readonly<Record<Lane, number>> = { urgent: 1, normal: 0.9, bulk: 0.8 };
