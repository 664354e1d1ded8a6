import type { ChannelSession, LookUp } from '../channels/contract.ts';
import { ExpiringCache } from '../channels/expiring-cache.ts';
import type { Clock } from '../model/clock.ts';
import type { Address, Outcome } from '../model/outcome.ts';
import { identityKey } from '../model/person.ts';
import { Hold } from './hold.ts';
import type { Job } from './job.ts';

export type NotSent = Exclude<Outcome, { kind: 'accepted' }>;

export interface FinderParts {
  readonly session: Pick<ChannelSession, 'lookUp'>;
  readonly clock: Clock;
  readonly onFound: (jobs: readonly Job[], address: Address) => void;
  /** `holdMs`: how long look-ups are held, when the outcome was about the connection. */
  readonly onNotFound: (job: Job, outcome: NotSent, holdMs: number) => void;
  /** Nothing was asked; there is no room before so many ms have passed. */
  readonly onLater: (job: Job, waitMs: number) => void;
  readonly onHeld: (detail: string, holdMs: number) => void;
  readonly onMended: () => void;
}

/**
 * Asks the provider for addresses that the directory does not have. Whoever waits here takes no send's slot and no
 * send's turn: look-ups are made in bulk beside the sends, for each identity once however many recipients it has. What
 * goes wrong with them (a limit, a missing permission) holds look-ups alone, and people whose address is known are sent
 * their messages meanwhile. Whoever finds no room goes back to the queue with the attempt unspent.
 */
export class Finder {
  readonly #parts: FinderParts;
  /** By identity, in the order they came. */
  #waiting = new Map<string, Job[]>();
  readonly #asked = new Map<string, Job[]>();
  readonly #calls = new Set<AbortController>();
  readonly #absent: ExpiringCache<true>;
  readonly #hold = new Hold();
  #pausedUntil = 0;
  /** Since when there has been more to ask than room for it; null while there is room. */
  #crowdedSince: number | null = null;
  #size = 0;

  constructor(parts: FinderParts) {
    this.#parts = parts;
    this.#absent = new ExpiringCache(REMEMBERED, parts.clock);
  }

  /** Recipients whose address is being looked up or soon will be. */
  get size(): number {
    return this.#size;
  }

  /** Why look-ups are held; null when they are not. */
  get why(): string | null {
    return this.#hold.why;
  }

  /** All that are unknown at one time, so that a bulk listing can serve them. */
  add(jobs: readonly Job[]): void {
    for (const job of jobs) this.#admit(job);
    this.#ask();
  }

  /** Calls under way are broken off; whoever waited for an address comes back to the caller. */
  stop(): Job[] {
    for (const call of this.#calls) call.abort();
    const jobs = [...this.#asked.values(), ...this.#waiting.values()].flat();
    this.#asked.clear();
    this.#waiting.clear();
    this.#size = 0;
    return jobs;
  }

  /** Those of a kind come back to the caller; an answer that is under way finds them gone. */
  withdraw(isOne: (job: Job) => boolean): Job[] {
    const jobs = [this.#asked, this.#waiting].flatMap((jobsByKey) => takeOut(jobsByKey, isOne));
    this.#size -= jobs.length;
    return jobs;
  }

  #admit(job: Job): void {
    const key = identityKey(job.recipient.identity);
    const { session, onNotFound, onLater } = this.#parts;
    const blockedMs = this.#blockedMs();
    if (session.lookUp === undefined || this.#absent.get(key) === true) onNotFound(job, NOT_ASSOCIATED, 0);
    else if (blockedMs > 0) onLater(job, blockedMs);
    else if (!this.#keep(key, job)) onLater(job, this.#crowdedMs());
  }

  /** False: there is no room. */
  #keep(key: string, job: Job): boolean {
    const known = this.#asked.get(key) ?? this.#waiting.get(key);
    if (this.#size >= MAX_JOBS || (known === undefined && this.#waiting.size >= MAX_WAITING)) return false;
    this.#size += 1;
    if (known === undefined) this.#waiting.set(key, [job]);
    else known.push(job);
    return true;
  }

  #ask(): void {
    const slots = this.#hold.probing ? 1 : MAX_CALLS;
    if (this.#waiting.size === 0 || this.#calls.size >= slots) return;
    const asked = [...this.#waiting];
    this.#waiting = new Map();
    for (const [key, jobs] of asked) this.#asked.set(key, jobs);
    void this.#call(asked);
  }

  async #call(asked: readonly (readonly [string, readonly Job[]])[]): Promise<void> {
    const { session, clock } = this.#parts;
    const call = new AbortController();
    this.#calls.add(call);
    const cancel = clock.after(DEADLINE_MS, () => call.abort(new DOMException('look-up deadline', 'TimeoutError')));
    const identities = asked.map(([key, [first]]) => first?.recipient.identity ?? key);
    const answers = await Promise.resolve(session.lookUp?.(identities, call.signal)).catch((error: unknown) =>
      identities.map(() => brokeOff(error instanceof Error ? error.name : 'unknown error')),
    );
    cancel();
    this.#calls.delete(call);
    this.#settle(
      asked.map(([key]) => key),
      answers ?? [],
    );
    this.#ask();
  }

  #settle(keys: readonly string[], answers: readonly LookUp[]): void {
    const holdMs = this.#heed(answers);
    for (const [index, key] of keys.entries()) {
      const jobs = this.#takeAsked(key);
      const answer = answers[index] ?? brokeOff('too few answers');
      if (answer.kind === 'absent') this.#absent.set(key, true, ABSENT_MS);
      if (answer.kind === 'found') this.#parts.onFound(jobs, answer.address);
      else {
        const outcome = answer.kind === 'absent' ? NOT_ASSOCIATED : answer.outcome;
        for (const job of jobs) this.#parts.onNotFound(job, outcome, holdMs);
      }
    }
    if (this.#size === 0) this.#crowdedSince = null;
    if (this.#blockedMs() > 0) this.#giveBackWaiting();
  }

  /** Those who still wait for it; an identity that was given back meanwhile has nobody. */
  #takeAsked(key: string): Job[] {
    const jobs = this.#asked.get(key) ?? [];
    this.#asked.delete(key);
    this.#size -= jobs.length;
    return jobs.filter((job) => !job.work.lost);
  }

  /** What the answers say of look-ups as such. Answers how long they are held. */
  #heed(answers: readonly LookUp[]): number {
    const now = this.#parts.clock.monotonic();
    const outcomes = answers.flatMap((answer) => (answer.kind === 'unavailable' ? [answer.outcome] : []));
    const waits = outcomes.map(pauseOf);
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.max(0, ...waits));
    const refusal = outcomes.find((outcome) => outcome.kind === 'rejected' && outcome.scope === 'connection');
    if (refusal !== undefined) return this.#refused(refusal.detail, now);
    if (answers.length > outcomes.length && this.#hold.succeed()) this.#parts.onMended();
    return 0;
  }

  #refused(detail: string, now: number): number {
    const isNew = this.#hold.heldMs(now) === 0;
    const holdMs = this.#hold.begin(now, detail);
    if (isNew) this.#parts.onHeld(detail, holdMs);
    return holdMs;
  }

  #giveBackWaiting(): void {
    const waiting = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#size -= waiting.length;
    for (const job of waiting) this.#parts.onLater(job, this.#blockedMs());
  }

  #blockedMs(): number {
    const now = this.#parts.clock.monotonic();
    return Math.max(0, this.#pausedUntil - now, this.#hold.heldMs(now));
  }

  /** The longer there has been no room, the longer nobody has to try: a million unknown people cost little meanwhile. */
  #crowdedMs(): number {
    const now = this.#parts.clock.monotonic();
    this.#crowdedSince ??= now;
    return Math.min(MAX_CROWDED_MS, Math.max(MIN_CROWDED_MS, now - this.#crowdedSince));
  }
}

const MAX_CALLS = 2;
/** Identities that wait for a call, and so the most that one call is asked for. */
const MAX_WAITING = 1_000;
const MAX_JOBS = 4_000;
const DEADLINE_MS = 90_000;
const ABSENT_MS = 600_000;
const REMEMBERED = 50_000;
const DEFAULT_PAUSE_MS = 5_000;
const MIN_CROWDED_MS = 5_000;
const MAX_CROWDED_MS = 300_000;

function takeOut(jobsByKey: Map<string, Job[]>, isOne: (job: Job) => boolean): Job[] {
  const taken: Job[] = [];
  for (const [key, jobs] of jobsByKey) {
    taken.push(...jobs.filter(isOne));
    const kept = jobs.filter((job) => !isOne(job));
    if (kept.length === 0) jobsByKey.delete(key);
    else jobsByKey.set(key, kept);
  }
  return taken;
}

function pauseOf(outcome: NotSent): number {
  if (outcome.kind !== 'busy' || outcome.scope !== 'connection') return 0;
  return outcome.retryAfterMs ?? DEFAULT_PAUSE_MS;
}

const NOT_ASSOCIATED: NotSent = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'not_associated',
  detail: 'no address in the directory and none at the provider',
};

/** A channel that throws, or answers for fewer than it was asked for, has a bug; nothing was sent. */
const brokeOff = (what: string): LookUp => ({
  kind: 'unavailable',
  outcome: { kind: 'failed', reason: 'internal_error', detail: `the look-up broke off: ${what}` },
});
