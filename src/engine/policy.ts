import type { Random } from '../model/clock.ts';
import { allAttempts, type FinalState, type Lane, type Notification, type Recipient } from '../model/notification.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Reason } from '../model/reasons.ts';
import { hasHours, startOf } from '../model/timing.ts';

/** How often and how long a lane tries. `base` and `cap` bound the back-off: uniform over [0, min(cap, base · 2^n)]. */
export interface RetryPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  readonly maxAttempts: number;
  readonly maxAgeMs: number;
}

export const RETRY_POLICIES: Readonly<Record<Lane, RetryPolicy>> = {
  urgent: { baseMs: 500, capMs: 15_000, maxAttempts: 12, maxAgeMs: 10 * 60_000 },
  normal: { baseMs: 2_000, capMs: 10 * 60_000, maxAttempts: 12, maxAgeMs: 24 * 3_600_000 },
  bulk: { baseMs: 10_000, capMs: 30 * 60_000, maxAttempts: 10, maxAgeMs: 72 * 3_600_000 },
};

/** A batch whose owners keep dying is given up after this many: whatever it holds may be what kills them. */
export const MAX_TAKEOVERS = 5;

/** However long a provider asks us to wait, we look again within the hour. */
const MAX_WAIT_MS = 3_600_000;
/** Back-off never means "at once": a failing provider would be hit again in the same instant. */
const MIN_WAIT_MS = 100;
/** Waits that a provider dictates get up to this much on top, so that everybody does not come back in one instant. */
const JITTER = 0.1;

export interface Facts {
  readonly recipient: Recipient;
  readonly lane: Lane;
  /** Epoch ms, as `now`: nobody is tried any more from then on. */
  readonly deadline: number;
  readonly now: number;
  readonly afterUnknown: 'retry' | 'hold';
  /** How long the connection itself is held back, when the outcome was about the connection. */
  readonly holdMs: number;
}

export type Decision = Final | Retry;

export interface Final {
  readonly kind: 'final';
  readonly state: FinalState;
  readonly reason: Reason | null;
  readonly detail: string | null;
  readonly attempts: number;
  readonly maybeDoubled: boolean;
}

export interface Retry {
  readonly kind: 'retry';
  readonly recipient: Recipient;
  readonly delayMs: number;
  /** Over another connection; absent: the same. */
  readonly connectionId?: string;
}

/** What follows from one attempt. Pure: the same facts and the same random number always decide the same. */
export function decide(outcome: Outcome, facts: Facts, random: Random): Decision {
  switch (outcome.kind) {
    case 'accepted':
      return final(facts, 'delivered', null, null, 1);
    case 'rejected':
      // A connection nobody can use says nothing about this recipient: wait until it is mended, at no cost.
      if (outcome.scope === 'connection') return retry(facts, outcome, 0, spread(facts.holdMs, random));
      return final(facts, 'failed', outcome.reason, outcome.detail, 1);
    case 'busy': {
      const wait = outcome.retryAfterMs ?? backOff(facts, random);
      return retry(facts, { reason: 'rate_limited', detail: outcome.detail }, 0, spread(wait, random));
    }
    case 'failed':
    case 'unknown':
      return decideTransient(outcome, facts, random);
  }
}

function decideTransient(
  outcome: Extract<Outcome, { kind: 'failed' | 'unknown' }>,
  facts: Facts,
  random: Random,
): Decision {
  const lost = outcome.kind === 'unknown';
  if (lost && facts.afterUnknown === 'hold') return final(facts, 'unknown', outcome.reason, outcome.detail, 1);
  if (facts.recipient.attempts + 1 >= RETRY_POLICIES[facts.lane].maxAttempts) {
    // The last word was silence: saying "failed" would be a guess.
    return final(facts, lost ? 'unknown' : 'failed', outcome.reason, outcome.detail, 1);
  }
  const floor = outcome.retryAfterMs ? spread(outcome.retryAfterMs, random) : 0;
  return retry(facts, outcome, 1, Math.max(floor, backOff(facts, random)), lost);
}

/** A wait that would end after the notification expires ends it now: nobody is served by finding out later. */
function retry(
  facts: Facts,
  cause: { readonly reason: Reason; readonly detail: string },
  attemptsSpent: number,
  waitMs: number,
  maybeSent = false,
): Decision {
  const delayMs = Math.min(Math.max(waitMs, MIN_WAIT_MS), MAX_WAIT_MS);
  const recipient = {
    ...facts.recipient,
    attempts: facts.recipient.attempts + attemptsSpent,
    maybeSent: facts.recipient.maybeSent || maybeSent,
  };
  if (facts.now + delayMs >= facts.deadline) return expire({ ...facts, recipient }, cause);
  return { kind: 'retry', recipient, delayMs };
}

function expire(facts: Facts, cause: { readonly reason: Reason; readonly detail: string }): Final {
  return final(facts, 'expired', 'expired', `last: ${cause.detail}`, 0);
}

/**
 * A lane gives up by itself, counted from when sending could begin; but whoever waits for their hours may wait, and so may
 * a notification whose time somebody has taken into their own hands.
 */
export function deadlineOf(
  notification: Pick<Notification, 'lane' | 'createdAt' | 'expiresAt' | 'isExtended' | 'options'>,
): number {
  const { lane, expiresAt, isExtended = false, options } = notification;
  if (isExtended || hasHours(options)) return expiresAt;
  return Math.min(expiresAt, startOf(notification) + RETRY_POLICIES[lane].maxAgeMs);
}

/** Never tried again: what the log of a recipient says that no attempt was made for. */
export function concludeUntried(recipient: Recipient, state: FinalState, reason: Reason, detail: string | null): Final {
  return { kind: 'final', state, reason, detail, attempts: allAttempts(recipient), maybeDoubled: recipient.maybeSent };
}

/** Nobody more is sent a message whose notification was cancelled. */
export const concludeCancelled = (recipient: Recipient): Final =>
  concludeUntried(recipient, 'cancelled', 'cancelled', null);

function final(
  { recipient }: Pick<Facts, 'recipient'>,
  state: FinalState,
  reason: Reason | null,
  detail: string | null,
  attemptsSpent: number,
): Final {
  const attempts = allAttempts(recipient) + attemptsSpent;
  return { kind: 'final', state, reason, detail, attempts, maybeDoubled: recipient.maybeSent };
}

function backOff({ recipient, lane }: Facts, random: Random): number {
  const { baseMs, capMs } = RETRY_POLICIES[lane];
  return random() * Math.min(capMs, baseMs * 2 ** recipient.attempts);
}

const spread = (waitMs: number, random: Random): number => waitMs * (1 + JITTER * random());
