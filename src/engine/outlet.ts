import type { Channel, ChannelSession } from '../channels/contract.ts';
import type { Clock } from '../model/clock.ts';
import { messageId } from '../model/ids.ts';
import type { Message } from '../model/message.ts';
import { LANES, type Lane, type Recipient } from '../model/notification.ts';
import type { Address, Outcome, Rejected } from '../model/outcome.ts';
import type { Connection } from '../model/tenancy.ts';
import { Fifo } from './fifo.ts';
import { Flights } from './flights.ts';
import { Pace } from './pace.ts';
import type { Work } from './work.ts';

/** One recipient on the way out. */
export interface Job {
  readonly work: Work;
  readonly recipient: Recipient;
  readonly personId: string | null;
  /** Null: the channel's look-up has to find it first. */
  readonly address: Address | null;
  readonly message: Message;
}

export interface OutletParts {
  readonly connection: Connection;
  readonly channel: Channel;
  readonly session: ChannelSession;
  readonly clock: Clock;
  /** Longest a send may take, all told, ms. */
  readonly sendDeadlineMs: number;
  /** False while outcomes pile up unrecorded. */
  readonly mayStart: () => boolean;
  readonly onSending: () => void;
  readonly onOutcome: (job: Job, attempt: Attempt) => void;
  /** The provider has refused this very message before, so nobody else is tried with it. */
  readonly onRefused: (job: Job, refusal: Rejected) => void;
  /** Room for more claims. */
  readonly onRoom: () => void;
}

export interface Attempt {
  readonly outcome: Outcome;
  readonly address: Address | null;
  /** The address came from the provider just now. */
  readonly lookedUp: boolean;
}

/** How far ahead work is claimed: enough never to run dry between two claims, little enough to give back quickly. */
const CLAIM_AHEAD_MS = 2_000;
const CLAIM_AHEAD_SENDS = 16;

/**
 * The engine's side of one connection: what waits for it, by lane, and what is in flight. It starts a send whenever
 * there is a free slot, the pace allows it and the lease is long enough to finish it; it decides nothing.
 */
export class Outlet {
  readonly connection: Connection;
  readonly channel: Channel;
  readonly pace: Pace;
  readonly #parts: OutletParts;
  readonly #concurrency: number;
  readonly #waiting: Readonly<Record<Lane, Fifo<Job>>> = { urgent: new Fifo(), normal: new Fifo(), bulk: new Fifo() };
  readonly #flights: Flights;
  /** By the object: everybody's message is one object, and a message of one's own is another. */
  readonly #refused = new WeakMap<Message, Rejected>();
  #cancelTimer: (() => void) | null = null;
  #waitingCount = 0;
  #stopped = false;

  constructor(parts: OutletParts) {
    this.#parts = parts;
    this.connection = parts.connection;
    this.channel = parts.channel;
    const { limits } = parts.connection;
    this.pace = new Pace(limits.perSecond ?? parts.channel.defaults.perSecond);
    this.#flights = new Flights(parts.clock, parts.sendDeadlineMs);
    this.#concurrency = limits.concurrency ?? parts.channel.defaults.concurrency;
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  get waiting(): number {
    return this.#waitingCount;
  }

  /** How many more recipients of a lane are worth claiming now. An urgent one never waits behind what was claimed. */
  room(lane: Lane): number {
    if (this.#stopped || this.pace.blockedMs(this.#parts.clock.monotonic()) > 0) return 0;
    const wanted = Math.min(this.#concurrency * CLAIM_AHEAD_SENDS, this.pace.allowance(CLAIM_AHEAD_MS));
    const ahead = lane === 'urgent' ? this.#waiting.urgent.size : this.waiting;
    return Math.max(0, wanted - ahead);
  }

  add(jobs: readonly Job[]): void {
    for (const job of jobs) this.#waiting[job.work.notification.lane].push(job);
    this.#waitingCount += jobs.length;
    this.pump();
  }

  /** Starts whatever may start now. Called after everything that could have made room. */
  pump(): void {
    while (!this.#stopped && this.#mayTakeSlot()) {
      const waitMs = this.#startNext();
      if (waitMs === null) return;
      if (waitMs > 0) {
        this.#pumpAfter(waitMs);
        return;
      }
    }
  }

  #mayTakeSlot(): boolean {
    const slots = this.pace.probing ? 1 : this.#concurrency;
    return this.#flights.size < slots && this.#parts.mayStart();
  }

  /** 0: one was started or skipped; positive: ask again after so many ms; null: nothing waits. */
  #startNext(): number | null {
    const queue = this.#nextQueue();
    const job = queue?.peek();
    if (queue === null || job === undefined) return null;
    if (job.work.lost) {
      this.#shift(queue);
      return 0;
    }
    const refusal = this.#refused.get(job.message);
    if (refusal !== undefined) {
      this.#shift(queue);
      this.#parts.onRefused(job, refusal);
      return 0;
    }
    const now = this.#parts.clock.monotonic();
    const leaseLeftMs = job.work.leaseEndsAt - now;
    // Too late to finish within the lease: the renewal will bring it back, or the fence will take it away.
    if (leaseLeftMs < this.#parts.sendDeadlineMs) return RENEWAL_POLL_MS;
    const waitMs = this.pace.take(now);
    if (waitMs > 0) return waitMs;
    this.#shift(queue);
    void this.#attempt(job, now);
    if (this.#waitingCount === this.#lowWater()) this.#parts.onRoom();
    return 0;
  }

  #shift(queue: Fifo<Job>): void {
    queue.shift();
    this.#waitingCount -= 1;
  }

  #nextQueue(): Fifo<Job> | null {
    for (const lane of LANES) if (this.#waiting[lane].size > 0) return this.#waiting[lane];
    return null;
  }

  #lowWater(): number {
    return Math.floor(Math.min(this.#concurrency * CLAIM_AHEAD_SENDS, this.pace.allowance(CLAIM_AHEAD_MS)) / 2);
  }

  #pumpAfter(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#parts.clock.after(ms, () => {
      this.#cancelTimer = null;
      this.pump();
    });
  }

  async #attempt(job: Job, startedAt: number): Promise<void> {
    const flight = this.#flights.start(startedAt);
    this.#parts.onSending();
    const attempt = await this.#lookUpAndSend(job, flight.abort.signal).catch(asBug);
    const { outcome } = attempt;
    if (outcome.kind === 'rejected' && outcome.scope === 'message') this.#refused.set(job.message, outcome);
    this.#parts.onOutcome(job, attempt);
    this.#flights.end(flight);
    this.pump();
  }

  async #lookUpAndSend(job: Job, signal: AbortSignal): Promise<Attempt> {
    if (job.address !== null) {
      return { outcome: await this.#send(job, job.address, signal), address: job.address, lookedUp: false };
    }
    const [found] = (await this.#parts.session.lookUp?.([job.recipient.identity], signal)) ?? [];
    if (found === undefined || found.kind === 'absent')
      return { outcome: NOT_ASSOCIATED, address: null, lookedUp: false };
    if (found.kind === 'unavailable') return { outcome: found.outcome, address: null, lookedUp: false };
    return { outcome: await this.#send(job, found.address, signal), address: found.address, lookedUp: true };
  }

  #send(job: Job, address: Address, signal: AbortSignal): Promise<Outcome> {
    const { notification } = job.work;
    return this.#parts.session.send({
      // Derived only where a provider takes it: Teams and Slack do not, and a hash costs as much as the rest of this.
      get key() {
        return messageId(notification.id, job.recipient.seq);
      },
      notificationId: notification.id,
      seq: job.recipient.seq,
      botId: notification.botId,
      identity: job.recipient.identity,
      address,
      message: job.message,
      createdAt: notification.createdAt,
      signal,
      nextCall: async () => {},
    });
  }

  /** Starts nothing more; what waits comes back to the caller. */
  stop(): Job[] {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#waitingCount = 0;
    return LANES.flatMap((lane) => this.#waiting[lane].clear());
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

const RENEWAL_POLL_MS = 250;

const NOT_ASSOCIATED: Outcome = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'not_associated',
  detail: 'no address in the directory and none at the provider',
};

/** A channel that throws has a bug; what it did before is not known. */
const asBug = (error: unknown): Attempt => ({
  outcome: {
    kind: 'unknown',
    reason: 'internal_error',
    detail: `the channel broke off: ${error instanceof Error ? error.name : 'unknown error'}`,
  },
  address: null,
  lookedUp: false,
});
