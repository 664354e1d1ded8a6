import { FINAL_STATES, type FinalState } from '../../model/notification.ts';
import { COUNT } from '../contract/fields.ts';

/** A count of recipients for each state they can end in. */
export type StateCounts = Record<FinalState, number>;

export const STATE_COUNTS: Readonly<Record<FinalState, typeof COUNT>> = {
  delivered: COUNT,
  failed: COUNT,
  suppressed: COUNT,
  expired: COUNT,
  cancelled: COUNT,
  unknown: COUNT,
};

export const zeros = (): StateCounts => Object.fromEntries(FINAL_STATES.map((state) => [state, 0])) as StateCounts;
