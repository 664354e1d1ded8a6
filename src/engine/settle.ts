import type { Address, Busy, Outcome } from '../model/outcome.ts';
import type { DeliverParts } from './deliver.ts';
import type { NotSent } from './finder.ts';
import type { Refusal } from './inspections.ts';
import type { Job, Sendable } from './job.ts';
import type { Outlet } from './outlet.ts';
import { concludeCancelled, concludeUntried, deadlineOf, decide, type Final } from './policy.ts';
import type { Send } from './send.ts';

type SettleParts = Pick<DeliverParts, 'clock' | 'random' | 'recorder' | 'report'>;

/** What an attempt means: for the recipient, for its address, and for the connection as a whole. */
export function settle(parts: SettleParts, outlet: Outlet, send: Send, outcome: Outcome): void {
  const { job } = send;
  heedBreaker(parts, outlet, send, outcome);
  const holdMs = heedForAll(parts, outlet, outcome);
  heedTrial(outlet, send, outcome);
  if (job.work.lost) return;
  keepAddress(parts, outlet, job, outcome);
  conclude(parts, outlet, job, outcome, holdMs);
}

/** Wrong for everybody: the notification fails at once instead of burning a call for each of its recipients. */
export function settleRefused(parts: SettleParts, job: Job, refusal: Refusal): void {
  settleUnsent(parts, job, concludeUntried(job.recipient, 'failed', refusal.reason, refusal.detail));
}

/** Too late: nobody is served by a message that comes after its time. */
export function settleExpired(parts: SettleParts, job: Job): void {
  settleUnsent(parts, job, concludeUntried(job.recipient, 'expired', 'expired', null));
}

/** Goes back into the queue, where it waits for its next time. */
export function settleClosed(parts: Pick<SettleParts, 'recorder'>, { work, recipient }: Job): void {
  if (work.lost) return;
  work.giveBack(recipient);
  parts.recorder.note(work);
}

/** Whoever waited when the notification was cancelled. */
export function settleCancelled(parts: SettleParts, job: Job): void {
  settleUnsent(parts, job, concludeCancelled(job.recipient));
}

/** Whoever waited when the notification was paused: back as they were, the attempt unspent. */
export function settlePaused({ recorder }: SettleParts, { work, recipient }: Job): void {
  if (work.lost) return;
  work.giveBack(recipient);
  recorder.note(work);
}

function settleUnsent(parts: SettleParts, { work, recipient, personId }: Job, final: Final): void {
  if (work.lost) return;
  work.conclude({ recipient, personId, address: null, providerMessageId: null }, final, parts.clock.now());
  parts.recorder.note(work);
}

/** What a look-up means that found nobody: for the recipient alone, for look-ups are no business of those who are known. */
export function settleNotFound(
  parts: SettleParts,
  outlet: Outlet,
  job: Job,
  { outcome, holdMs }: { readonly outcome: NotSent; readonly holdMs: number },
): void {
  if (!job.work.lost) conclude(parts, outlet, job, outcome, holdMs);
}

export interface Later {
  readonly waitMs: number;
  readonly detail: string;
}

/** There is no room before so many ms have passed; nothing was asked or sent, and no attempt is spent. */
export function settleLater(parts: SettleParts, outlet: Outlet, job: Job, { waitMs, detail }: Later): void {
  if (job.work.lost) return;
  conclude(parts, outlet, job, { kind: 'busy', scope: 'recipient', retryAfterMs: waitMs, detail }, 0);
}

/** Whoever was looked up is known from now on, whatever becomes of the message. */
export function learnFound(parts: SettleParts, outlet: Outlet, job: Job, address: Address): void {
  learn(parts, outlet, job, address, 'lookup');
}

/** Answers how long the connection is held, when the outcome was about the connection. */
function heedForAll(parts: SettleParts, outlet: Outlet, outcome: Outcome): number {
  const { hold, account } = outlet;
  if (outcome.kind === 'accepted') {
    account.pace.succeed();
    if (hold.succeed()) parts.report.mended(outlet);
  }
  const now = parts.clock.monotonic();
  if (outcome.kind === 'busy' && outcome.scope === 'connection') slowDown(parts, outlet, outcome, now);
  if (outcome.kind !== 'rejected' || outcome.scope !== 'connection') return 0;
  const isNew = hold.heldMs(now) === 0;
  const holdMs = hold.begin(now, outcome.detail);
  if (isNew) parts.report.held(outlet, outcome.detail, holdMs);
  return holdMs;
}

function heedBreaker({ clock, report }: SettleParts, outlet: Outlet, { probes }: Send, outcome: Outcome): void {
  const { breaker } = outlet.account;
  const news = breaker.note(outcome, { isProbe: probes.includes(breaker.hold) }, clock.monotonic());
  if (news?.kind === 'opened') report.broken(outlet, news);
  if (news?.kind === 'closed') report.working(outlet);
}

/** Any other answer says that the provider listens again. What was under way when it began to refuse says nothing. */
function heedTrial({ account: { trial } }: Outlet, { probes }: Send, outcome: Outcome): void {
  const isRefused = outcome.kind === 'busy' && outcome.scope === 'connection';
  if (!isRefused && probes.includes(trial)) trial.succeed();
}

function slowDown(parts: SettleParts, outlet: Outlet, { retryAfterMs, detail }: Busy, now: number): void {
  const { account } = outlet;
  const isNew = account.pace.pausedMs(now) === 0;
  const pausedMs = account.slowDown(now, retryAfterMs, detail);
  if (isNew) parts.report.slowed(outlet, detail, pausedMs);
}

function keepAddress(parts: SettleParts, outlet: Outlet, job: Sendable, outcome: Outcome): void {
  const { id: connectionId, botId } = outlet.connection;
  const { personId, address } = job;
  if (outcome.kind === 'accepted') {
    if (outcome.learned !== undefined) learn(parts, outlet, job, outcome.learned, 'send');
    if (job.isUnproven && personId !== null) parts.recorder.knowledge.markWorked({ botId, personId, connectionId });
  }
  if (outcome.kind !== 'rejected') return;
  const { silence: reason, detail, forgetAddress } = outcome;
  if (forgetAddress === true && personId !== null) {
    parts.recorder.knowledge.forget({ botId, connectionId, personId, channelId: address.channelId });
  }
  if (reason !== undefined && outlet.channel.keepsSilence === true) {
    const at = parts.clock.now();
    parts.recorder.knowledge.silence({ botId, connectionId, identity: address.channelId, reason, detail, at });
  }
}

function learn(
  { recorder, clock }: SettleParts,
  { connection }: Outlet,
  { work, recipient }: Job,
  address: Address,
  source: 'lookup' | 'send',
): void {
  if (!work.notification.resolve) return;
  const { id: connectionId, botId, channel, name: connectionName } = connection;
  const { identity } = recipient;
  recorder.knowledge.learn({
    botId,
    connectionId,
    channel,
    connectionName,
    identity,
    address,
    source,
    at: clock.now(),
  });
}

function conclude(parts: SettleParts, outlet: Outlet, job: Job, outcome: Outcome, holdMs: number): void {
  const { work, recipient, personId, address } = job;
  const now = parts.clock.now();
  const { afterUnknown } = outlet;
  const { lane } = work.notification;
  const facts = { recipient, lane, deadline: deadlineOf(work.notification), now, afterUnknown, holdMs };
  const decided = decide(outcome, facts, parts.random);
  const decision = decided.kind === 'retry' && work.isCancelled ? concludeCancelled(decided.recipient) : decided;
  if (decision.kind === 'retry') work.retryLater(decision);
  else {
    const providerMessageId = outcome.kind === 'accepted' ? outcome.providerMessageId : null;
    work.conclude({ recipient, personId, address, providerMessageId }, decision, now);
  }
  parts.recorder.note(work);
}
