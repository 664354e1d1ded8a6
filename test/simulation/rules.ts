import { RETRY_POLICIES } from '../../src/engine/policy.ts';
import type { Log, Notification, NotificationStatus } from '../../src/model/notification.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { Oracle, Story } from './oracle.ts';
import type { Scenario } from './scenario.ts';

/** No attempt begins at this time or later. */
export const dueBy = ({ lane, createdAt, expiresAt, isExtended = false }: Notification): number =>
  isExtended ? expiresAt : Math.min(expiresAt, createdAt + RETRY_POLICIES[lane].maxAgeMs);

/** At every moment: the counters are what the logs say. */
export function checkCounters(oracle: Oracle, status: NotificationStatus, logs: readonly Log[]): void {
  const { pending, total, ...finals } = status.counts;
  for (const [state, count] of Object.entries(finals)) {
    const found = logs.filter((log) => log.state === state).length;
    if (found !== count) oracle.violate(`${status.id} counts ${count} as ${state}, its logs ${found}`);
  }
  if (pending !== total - logs.length)
    oracle.violate(`${status.id}: ${pending} pending, ${logs.length} of ${total} logged`);
}

/** When it is over: everybody has one log, and it is the truth. */
export function checkEnd(oracle: Oracle, scenario: Scenario, status: NotificationStatus, logs: readonly Log[]): void {
  if (status.finishedAt === null || status.counts.pending > 0) {
    oracle.violate(`${status.id} is stuck with ${status.counts.pending} of ${status.counts.total} pending`);
  }
  checkCounters(oracle, status, logs);
  for (const log of logs) {
    const faults = faultsOf(log, oracle.storyOf(status.id, log.seq), { oracle, scenario, status });
    for (const fault of faults) oracle.violate(`${status.id}.${log.seq} (${log.state}) ${fault}`);
  }
}

interface Circumstances {
  readonly oracle: Oracle;
  readonly scenario: Scenario;
  readonly status: NotificationStatus;
}

function faultsOf(log: Log, story: Story, { oracle, scenario, status }: Circumstances): string[] {
  const { state, attempts, maybeDoubled } = log;
  const mostSpent = story.sends.filter(({ outcome }) => outcome === null || spends(outcome)).length;
  const lostAnswers = story.sends.filter(({ outcome }) => outcome === null || outcome.kind === 'unknown').length;
  const isQuiet = !oracle.isTroubled;
  const given = RETRY_POLICIES[status.lane].maxAttempts;
  return Object.entries({
    'is delivered, and the provider never took it': state === 'delivered' && story.taken === 0,
    [`was taken ${story.taken} times, and nobody is told`]: story.taken > 1 && !maybeDoubled,
    'was taken, and nobody is told': story.taken > 0 && state !== 'delivered' && state !== 'unknown' && !maybeDoubled,
    'was taken more often than attempts were in doubt': story.taken > story.sends.length,
    'may have been doubled, and nothing was in doubt': isQuiet && maybeDoubled && lostAnswers === 0,
    [`counts ${attempts} attempts of ${mostSpent}`]: isQuiet ? attempts !== mostSpent : attempts > mostSpent,
    'gave up with attempts to spare': log.reason === 'provider_error' && attempts < given,
    'was given up as poison without cause': log.reason === 'poison' && isQuiet,
    'expired before its time': state === 'expired' && log.at + LONGEST_WAIT_MS < dueBy(status),
    'was cancelled, and nobody asked for it': state === 'cancelled' && status.cancelledAt === null,
    'was cancelled, and is told only now': isLate(log, { oracle, scenario, status }),
    'was acknowledged as something else': differs(story.acknowledged, log),
    'was written over': differs(story.log, log),
    'holds where it should retry': state === 'unknown' && scenario.channel.afterUnknown === 'retry' && attempts < given,
  }).flatMap(([fault, isSo]) => (isSo ? [fault] : []));
}

/** A send that ends; where there was trouble, also a lease that lapses and a process that comes back. No other wait. */
function isLate({ at }: Log, { oracle, scenario, status }: Circumstances): boolean {
  if (status.cancelledAt === null) return false;
  const { leaseMs, incidents } = scenario;
  const isQuiet = incidents.length === 0 && !oracle.isTroubled;
  if (isQuiet) return at > status.cancelledAt + leaseMs / 2 + 3_000;
  return at > Math.max(status.cancelledAt, oracle.calmFrom) + 5 * leaseMs + 30_000;
}

/** A limit, or a connection that nobody can use, is not this recipient's failure. */
const spends = (outcome: Outcome): boolean =>
  outcome.kind !== 'busy' && !(outcome.kind === 'rejected' && outcome.scope === 'connection');

const differs = (known: Log | null, log: Log): boolean =>
  known !== null && (known.state !== log.state || known.attempts !== log.attempts || known.at !== log.at);

/** An hour at the most is waited, and a tenth more. */
const LONGEST_WAIT_MS = 66 * 60_000;
