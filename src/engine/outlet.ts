import type { Channel, ChannelSession } from '../channels/contract.ts';
import { lookBeforeWriting } from '../channels/last-look.ts';
import { traceCalls } from '../channels/traced-outbound.ts';
import type { Clock } from '../model/clock.ts';
import type { Lane } from '../model/notification.ts';
import type { Address, Outcome } from '../model/outcome.ts';
import type { Connection } from '../model/tenancy.ts';
import type { Queue } from '../store/port/work.ts';
import type { Account } from './account.ts';
import { Aside } from './aside.ts';
import { Conversations } from './conversations.ts';
import { Finder, type FinderParts } from './finder.ts';
import { Flights } from './flights.ts';
import { FurtherCalls } from './further-calls.ts';
import type { Hold } from './hold.ts';
import { Holds } from './holds.ts';
import { Inspections, type Refusal } from './inspections.ts';
import { isRetry, isSendable, type Job, type Sendable } from './job.ts';
import { Lineup } from './lineup.ts';
import { Outgoing } from './outgoing.ts';
import type { Permit } from './permit.ts';
import { deadlineOf } from './policy.ts';
import { laneOf, rankOf } from './ranks.ts';
import { lackingOf, type ScopeState } from './scope-state.ts';
import { Send } from './send.ts';
import { Slots } from './slots.ts';

export interface OutletParts {
  readonly connection: Connection;
  readonly channel: Channel;
  readonly session: ChannelSession;
  readonly account: Account;
  readonly hold: Hold;
  readonly clock: Clock;
  /** Longest a send may take, all told, ms. */
  readonly sendDeadlineMs: number;
  /** False while outcomes pile up unrecorded. */
  readonly mayStart: (lane: Lane) => boolean;
  readonly onSending: () => void;
  readonly onOutcome: (send: Send, outcome: Outcome, tookMs: number) => void;
  /** Nobody can be sent this message: its inspection says so, or the provider has said so. */
  readonly onRefused: (job: Job, refusal: Refusal) => void;
  /** Its notification expired while the job waited; nothing was sent. */
  readonly onExpired: (job: Job) => void;
  /** Its recipient's hours for it ended while the job waited; nothing was sent. */
  readonly onClosed: (job: Job) => void;
  /** Its notification was cancelled; nothing was sent. */
  readonly onCancelled: (job: Job) => void;
  /** Its notification was paused; nothing was sent. */
  readonly onPaused: (job: Job) => void;
  /** There is no room for it before so many ms have passed; nothing was asked or sent. */
  readonly onLater: (job: Job, waitMs: number, why: string) => void;
  /** What comes of looking addresses up, but for those who are found: they are sent their message. */
  readonly lookUps: Pick<FinderParts, 'onNotFound' | 'onHeld' | 'onMended'>;
  readonly onFound: (job: Job, address: Address) => void;
  /** Room for more claims. */
  readonly onRoom: () => void;
  /** The last send has ended, and nobody waits for another. */
  readonly onIdle: () => void;
}

/** How far ahead work is claimed: enough never to run dry between two claims, little enough to give back quickly. */
const CLAIM_AHEAD_MS = 2_000;
const CLAIM_AHEAD_SENDS = 32;
/** Of what is claimed ahead, for each queue whatever waits before it. */
const LEAST_ROOM = 0.1;

/**
 * The engine's side of one connection: what waits for it, by rank, and what is in flight. It starts a send whenever
 * there is a free slot, the account and the recipient's scopes have room and the lease is long enough to finish it; it
 * decides nothing. People whose address is not known wait in the finder, out of everybody's way.
 */
export class Outlet {
  readonly connection: Connection;
  readonly channel: Channel;
  readonly account: Account;
  readonly hold: Hold;
  /** This one, and the account's. */
  readonly holds: Holds;
  readonly finder: Finder;
  /** With `limits.perSecond: 0` nothing is held back but by what the provider asks. */
  readonly isUnlimited: boolean;
  readonly botId: string;
  readonly #parts: OutletParts;
  readonly #concurrency: number;
  readonly #lineup = new Lineup();
  readonly #slots: Slots;
  readonly #aside = new Aside();
  /** While other nodes share its conversation and the store is asked. */
  readonly #asked = new Aside();
  readonly #flights: Flights;
  readonly #furtherCalls = new FurtherCalls();
  readonly #inspections: Inspections;
  readonly #conversations: Conversations;
  #cancelTimer: (() => void) | null = null;
  #timerAt = 0;
  #stopped = false;

  constructor(parts: OutletParts) {
    this.#parts = parts;
    this.connection = parts.connection;
    this.botId = parts.connection.botId;
    this.channel = parts.channel;
    this.account = parts.account;
    this.hold = parts.hold;
    this.holds = new Holds(parts.hold, parts.account.breaker.hold, parts.account.trial);
    this.holds.join(this);
    const { limits } = parts.connection;
    this.isUnlimited = limits.perSecond === 0;
    this.#inspections = new Inspections(parts.channel, parts.connection.settings);
    const { connection, channel, account, isUnlimited } = this;
    this.#conversations = new Conversations({ connection, channel, scopes: account.scopes, isUnlimited });
    this.#flights = new Flights(parts.clock, parts.sendDeadlineMs);
    this.#concurrency = limits.concurrency ?? parts.channel.defaults.concurrency;
    this.#slots = new Slots(this.#concurrency);
    this.finder = new Finder({
      ...parts.lookUps,
      session: parts.session,
      clock: parts.clock,
      onLater: (job, waitMs) => parts.onLater(job, waitMs, 'its look-up had to wait'),
      onFound: (jobs, address) => this.#welcome(jobs, address),
    });
  }

  /** What follows a lost answer: the connection's own rule, if it has one. */
  get afterUnknown(): Channel['afterUnknown'] {
    return this.connection.afterUnknown ?? this.channel.afterUnknown;
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  /** Recipients that are claimed and not in flight. */
  get waiting(): number {
    return this.#lineup.size + this.#aside.size + this.#asked.size;
  }

  /** Of what it would call for next; null: for nothing. */
  get nextRank(): number | null {
    const begun = this.#furtherCalls.nextRank;
    const first = this.#lineup.next(this.#isOpen)?.work.rank ?? null;
    return begun === null || first === null ? (begun ?? first) : Math.min(begun, first);
  }

  /**
   * How many more recipients of a queue are worth claiming now: it never waits behind what was claimed of those below
   * it, and those above it never take all the room.
   */
  room({ lane, size }: Queue): number {
    const now = this.#parts.clock.monotonic();
    if (this.#stopped || this.holds.heldMs(now) > 0 || this.account.pace.pausedMs(now) > 0) return 0;
    const rank = rankOf(lane, size);
    const [wanted, own] = [this.#wanted(), this.#lineup.waitingOf(rank)];
    const waiting = this.#lineup.waitingUpTo(rank);
    // A claim is a commit: a few large ones leave the store's time to checkpoints. Room is told at the half.
    if (own > 0 && waiting === this.#lineup.size && waiting > wanted / 2) return 0;
    return Math.max(0, wanted - waiting, Math.ceil(wanted * LEAST_ROOM) - own);
  }

  add(added: readonly Job[]): void {
    const jobs = added.filter((job) => !this.#isStopped(job));
    this.#enqueue(jobs.filter(isSendable));
    const unknown = jobs.filter((job) => !isSendable(job) && !this.#isRefused(job));
    if (unknown.length > 0) this.finder.add(unknown);
  }

  #enqueue(jobs: readonly Sendable[]): void {
    for (const job of jobs) this.#lineup.push(job);
    this.pump();
  }

  #welcome(jobs: readonly Job[], address: Address): void {
    for (const job of jobs) this.#parts.onFound(job, address);
    this.#enqueue(jobs.map((job) => ({ ...job, address })));
  }

  /** Starts whatever may start now. Called after everything that could have made room. */
  pump(): void {
    this.#comeBack();
    const isOvertaken = this.#isOvertaken();
    if (!isOvertaken) this.#letGoOn();
    while (!this.#stopped && this.#mayTakeSlot() && this.#startNext());
    if (isOvertaken) this.#letGoOn();
  }

  #mayTakeSlot(): boolean {
    return this.holds.probing
      ? this.#flights.size === 0 && !this.holds.isProbeOut
      : this.#flights.size < this.#concurrency;
  }

  readonly #isOpen = (rank: number, isOverdue: boolean): boolean => {
    const lane = laneOf(rank);
    return this.#slots.isOpen(lane, isOverdue) && this.#parts.mayStart(isOverdue ? 'urgent' : lane);
  };

  /** False: nothing more starts before something else happens, or the timer does. */
  #startNext(): boolean {
    const job = this.#lineup.next(this.#isOpen);
    if (job === null) return false;
    if (job.work.lost || this.#isRefused(job) || this.#isExpired(job) || this.#isClosed(job)) {
      return this.#drop(job);
    }
    const now = this.#parts.clock.monotonic();
    // Too late to finish within the lease: the renewal will bring it back, or the fence will take it away.
    if (job.work.leaseEndsAt - now < this.#parts.sendDeadlineMs) return this.#pumpAfter(RENEWAL_POLL_MS);
    const heldMs = this.holds.heldMs(now);
    if (heldMs > 0) return this.#pumpAfter(heldMs);
    if (!this.holds.mayProbe(now)) return this.#pumpAfter(RIGHT_POLL_MS);
    const scopes = this.#conversations.of(job.address, now);
    const closed = scopes.filter((scope) => scope.waitMs(now) > 0);
    const isUnaffordable = closed.length === 0 && isRetry(job) && !this.account.retries.hasRoom(now);
    const isPutOff = closed.length > 0 || isUnaffordable;
    const lacking = isPutOff ? [] : lackingOf(scopes, now);
    if (lacking.length > 0) return this.#askFor(job, lacking, now);
    if (!isPutOff && !this.account.take(this)) return false;
    if (isPutOff) {
      this.#drop(job);
      if (isUnaffordable) this.#putOff(job, this.account.retries.putOff(now), 'too many are tried again');
      else this.#putOff(job, latestOf(closed, now) - now, 'its conversation had no room');
      return true;
    }
    this.#lineup.start(job);
    this.#tellRoom();
    void this.#attempt(job, scopes, now);
    return true;
  }

  #drop(job: Sendable): true {
    this.#lineup.drop(job);
    this.#tellRoom();
    return true;
  }

  #tellRoom(): void {
    if (this.#lineup.size === Math.floor(this.#wanted() / 2)) this.#parts.onRoom();
  }

  #wanted(): number {
    const ahead = this.#concurrency * CLAIM_AHEAD_SENDS;
    return this.isUnlimited ? ahead : Math.min(ahead, this.account.pace.allowance(CLAIM_AHEAD_MS));
  }

  /** Concludes the job if nobody can be sent its message. */
  #isRefused(job: Job): boolean {
    const refusal = this.#inspections.refusalOf(job.message);
    if (refusal !== null) this.#parts.onRefused(job, refusal);
    return refusal !== null;
  }

  /** Lets the job go if its notification was cancelled or paused while its message was being written. */
  #isStopped(job: Job): boolean {
    const { isCancelled, isPaused } = job.work;
    if (isCancelled) this.#parts.onCancelled(job);
    else if (isPaused) this.#parts.onPaused(job);
    return isCancelled || isPaused;
  }

  /** Concludes the job if its time ran out while it waited for a pause, a hold, its turn or its address. */
  #isExpired(job: Job): boolean {
    const isExpired = this.#parts.clock.now() >= deadlineOf(job.work.notification);
    if (isExpired) this.#parts.onExpired(job);
    return isExpired;
  }

  /** Gives the job back if its recipient's hours for it ended while it waited. */
  #isClosed(job: Job): boolean {
    const isClosed = this.#parts.clock.now() >= job.closesAt;
    if (isClosed) this.#parts.onClosed(job);
    return isClosed;
  }

  /** A short wait is spent here, a longer one in the queue; either way nobody stands behind it. */
  #putOff(job: Sendable, waitMs: number, why: string): void {
    if (waitMs > MAX_ASIDE_MS || this.#aside.isFull) this.#parts.onLater(job, waitMs, why);
    else {
      const at = this.#parts.clock.monotonic() + waitMs;
      this.#aside.put(job, () => at);
      this.#pumpAfter(waitMs);
    }
  }

  /** The store is asked for those behind it as well, so that nobody waits for each answer. False: enough are asked for. */
  #askFor(job: Sendable, lacking: readonly Permit[], now: number): boolean {
    if (this.#asked.size > Math.min(this.#concurrency, this.account.pace.due(ASK_AHEAD_MS, now))) return false;
    this.#drop(job);
    for (const permit of lacking) permit.want(job, this);
    this.#asked.put(job, () => (lacking.some((permit) => permit.isAskedFor(job)) ? Number.POSITIVE_INFINITY : now));
    return true;
  }

  #comeBack(): void {
    if (this.#aside.size + this.#asked.size === 0 || this.#stopped) return;
    const now = this.#parts.clock.monotonic();
    for (const job of [...this.#aside.takeDue(now), ...this.#asked.takeDue(now)]) {
      this.#lineup.putFirst(job);
    }
    if (this.#aside.size > 0) this.#pumpAfter(this.#aside.nextAt - now);
  }

  #pumpAfter(ms: number): false {
    const at = this.#parts.clock.monotonic() + ms;
    if (this.#cancelTimer !== null && this.#timerAt <= at) return false;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#parts.clock.after(ms, () => {
      this.#cancelTimer = null;
      this.pump();
    });
    return false;
  }

  async #attempt(job: Sendable, scopes: readonly ScopeState[], now: number): Promise<void> {
    const { lane } = job.work.notification;
    this.#slots.take(lane);
    this.account.retries.start(isRetry(job), now);
    const send = new Send(job, this.#flights.start(now), scopes, this.holds.startCall());
    send.startCall(now);
    if (send.span !== null) traceCalls(send.flight.abort.signal, send.span);
    if (scopes.some(({ permits }) => permits.length > 0)) this.#guard(send);
    this.#parts.onSending();
    const outcome = await this.#send(send).catch(asBug);
    this.#endCall(send);
    const answeredAt = this.#parts.clock.monotonic();
    this.account.retries.end(isRetry(job), outcome, answeredAt);
    this.#heed(send, outcome);
    send.span?.end({ 'beckon.outcome': outcome.kind }, faultOf(outcome));
    this.#parts.onOutcome(send, outcome, answeredAt - now);
    this.#slots.leave(lane);
    this.#flights.end(send.flight);
    for (const hold of send.probes) hold.endProbe();
    this.pump();
    if (this.#flights.size + this.waiting === 0) this.#parts.onIdle();
  }

  /** A process that was stopped and goes on writes nothing that others were given meanwhile. */
  #guard(send: Send): void {
    const { abort } = send.flight;
    lookBeforeWriting(abort.signal, () => {
      if (!send.isPermitted(this.#parts.clock.monotonic())) abort.abort();
    });
  }

  #send(send: Send): Promise<Outcome> {
    const { notification } = send.job.work;
    const { recalls, edits } = notification.options ?? {};
    if (recalls !== undefined || edits !== undefined) return this.#amend(send, recalls === undefined);
    return this.#parts.session.send(new Outgoing(send, this.#nextCall));
  }

  async #amend(send: Send, isEdit: boolean): Promise<Outcome> {
    const { job, flight } = send;
    const { session } = this.#parts;
    const detail = 'The channel takes nothing back and changes nothing.';
    const reason = isEdit ? 'not_editable' : 'not_recallable';
    const request = {
      messageId: job.recipient.customMessage ?? '',
      address: job.address,
      signal: flight.abort.signal,
      nextCall: () => this.#nextCall(send),
    };
    const outcome = isEdit ? session.edit?.({ ...request, message: job.message }) : session.remove?.(request);
    return outcome ?? { kind: 'rejected', scope: 'recipient', reason, detail };
  }

  /** What the outcome says of the message and of the recipient's scopes, for those who come after. */
  #heed({ job, scopes }: Send, outcome: Outcome): void {
    if (outcome.kind === 'rejected' && outcome.scope === 'message') this.#inspections.refuse(job.message, outcome);
    if (outcome.kind === 'busy' && outcome.scope === 'recipient') {
      this.#conversations.pause(job.address, outcome.retryAfterMs, this.#parts.clock.monotonic());
    }
    if (outcome.kind === 'accepted' && outcome.learned) this.#conversations.rename(outcome.learned, scopes[0]);
  }

  /** The call before is over, for a send makes one at a time. */
  readonly #nextCall = (send: Send): Promise<void> => {
    this.#endCall(send);
    const promise = this.#furtherCalls.ask(send);
    this.#letGoOn();
    return promise;
  };

  /** What was begun goes before what was not, but not before what ranks above it; the slots are the bound on that. */
  #isOvertaken(): boolean {
    const begun = this.#furtherCalls.nextRank;
    return begun !== null && (this.#lineup.next(this.#isOpen)?.work.rank ?? begun) < begun;
  }

  #letGoOn(): void {
    const againMs = this.#furtherCalls.letGo(this.#parts.clock.monotonic(), this, () => this.account.take(this));
    if (againMs < Number.POSITIVE_INFINITY) this.#pumpAfter(Math.min(againMs, FLIGHT_POLL_MS));
  }

  #endCall(send: Send): void {
    if (send.endCall(this.#parts.clock.monotonic())) this.account.end(this);
  }

  /** Takes out those of a kind that wait, wherever they do; the caller concludes them. */
  withdraw(isOne: (job: Job) => boolean): Job[] {
    const jobs = [
      ...this.#lineup.withdraw(isOne),
      ...this.#aside.withdraw(isOne),
      ...this.#asked.withdraw(isOne),
      ...this.finder.withdraw(isOne),
    ];
    if (jobs.length > 0) this.#parts.onRoom();
    return jobs;
  }

  /** Starts nothing more; what waits comes back to the caller. */
  stop(): Job[] {
    this.#stopped = true;
    this.#cancelTimer?.();
    return [...this.#lineup.clear(), ...this.#aside.clear(), ...this.#asked.clear(), ...this.finder.stop()];
  }

  /** Resolves when nothing is in flight. */
  whenIdle(): Promise<void> {
    return this.#flights.whenNone();
  }

  abortAll(): void {
    this.#flights.abortAll();
  }

  close(): Promise<void> {
    return this.#parts.session.close();
  }
}

const faultOf = (outcome: Outcome): string | null => {
  if (outcome.kind === 'accepted') return null;
  return 'reason' in outcome ? outcome.reason : outcome.kind;
};

/** When all of them will have room. */
const latestOf = (scopes: readonly ScopeState[], now: number): number =>
  Math.max(...scopes.map((scope) => scope.promise(now)));

const MAX_ASIDE_MS = 2_000;
/** For what it will send within this time the store is asked at once: longer than it takes to answer, shorter than the answer lasts. */
const ASK_AHEAD_MS = 250;
const RENEWAL_POLL_MS = 250;
const RIGHT_POLL_MS = 250;
const FLIGHT_POLL_MS = 250;

/** A channel that throws has a bug; what it did before is not known. */
const asBug = (error: unknown): Outcome => ({
  kind: 'unknown',
  reason: 'internal_error',
  detail: `the channel broke off: ${error instanceof Error ? error.name : 'unknown error'}`,
});
