import type { Counts } from './notification.ts';

/** Pauses a notification of which too many fail. */
export interface PauseWhen {
  /** Above it; 0 to 1. */
  readonly failureShare: number;
  /** Not before so many have come to an end. */
  readonly after: number;
}

/** The first of a notification go ahead, and nobody else is sent anything before it is known how that went. */
export interface Canary {
  /** How many; fewer than all. */
  readonly recipients: number;
  /** Above it, the others are not sent it: the notification is paused. */
  readonly maxFailureShare: number;
  /** Where no more than that failed: whether the others follow, or somebody resumes it. */
  readonly next: 'continue' | 'pause';
  /** Of the notification, have their end from the beginning; absent: nobody has. */
  readonly leftOut?: number;
}

/** Of those who were tried: whoever opted out, was cancelled or came too late says nothing of how sending goes. */
export const triedOf = ({ delivered, failed, unknown }: Counts): number => delivered + failed + unknown;
export const failuresOf = ({ failed, unknown }: Counts): number => failed + unknown;

export const isOverCeiling = (counts: Counts, { failureShare, after }: PauseWhen): boolean =>
  triedOf(counts) >= after && failuresOf(counts) > failureShare * triedOf(counts);

/** Null: too early to say. As soon as too many of all of them have failed, how the others go changes nothing. */
export function judgeCanary(counts: Counts, canary: Canary): 'continue' | 'pause' | null {
  const { recipients, maxFailureShare, next, leftOut = 0 } = canary;
  if (failuresOf(counts) > maxFailureShare * recipients) return 'pause';
  if (counts.total - counts.pending - leftOut < recipients) return null;
  return failuresOf(counts) > maxFailureShare * triedOf(counts) ? 'pause' : next;
}
