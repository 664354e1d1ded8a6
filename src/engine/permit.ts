import type { RateLimits, Reserved, ScopeAsk } from '../store/port/limits.ts';
import { HOLD_MS } from './asking.ts';

/** Somebody who has calls to make. */
export interface Waiter {
  pump(): void;
}

export interface PermitParts extends RateLimits {
  /** As all nodes know it. */
  readonly scope: string;
  /** There is something to tell the store of, or, if it is urgent, to ask it for. */
  readonly onNews: (permit: Permit, isUrgent: boolean) => void;
}

/** What this node may call in one scope that others call too, and what it has to tell of its calls. */
export class Permit {
  readonly #parts: PermitParts;
  /** Calls that may begin, until `#until`. */
  #inHand = 0;
  #until = Number.NEGATIVE_INFINITY;
  /** Since when it has not lapsed. */
  #since = Number.NEGATIVE_INFINITY;
  #inFlight = 0;
  /** When calls ended that the store was not told of. */
  #ended: number[] = [];
  /** What the store was told last, until its answer is there. */
  #telling: readonly number[] = [];
  /** Those who want a call, by what they want it for. */
  #wanting = new Map<object, Waiter>();
  #asking: ReadonlyMap<object, Waiter> = new Map();
  /** The most that the store may count as reserved by us. */
  #reserved = 0;
  #closedUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: PermitParts) {
    this.#parts = parts;
  }

  mayCall(now: number): boolean {
    return this.#inHand > 0 && now < this.#until;
  }

  /** Whether the store still counts a call as ours that began at `startedAt`; if not, others may have been given it since. */
  covers(startedAt: number, now: number): boolean {
    return startedAt >= this.#since && !this.#hasLapsed(now);
  }

  /** Others have what there is. */
  waitMs(now: number): number {
    return this.mayCall(now) ? 0 : Math.max(0, this.#closedUntil - now);
  }

  /** A call is wanted for something; asking twice for the same is asking once. */
  want(what: object, waiter: Waiter): void {
    if (this.isAskedFor(what)) return;
    this.#wanting.set(what, waiter);
    this.#parts.onNews(this, true);
  }

  isAskedFor(what: object): boolean {
    return this.#wanting.has(what) || this.#asking.has(what);
  }

  start(): void {
    this.#inHand -= 1;
    this.#inFlight += 1;
  }

  end(now: number): void {
    this.#inFlight -= 1;
    this.#ended.push(now);
    this.#parts.onNews(this, false);
  }

  /** Calls that were made before, by another name. */
  adopt(inFlight: number, ended: readonly number[]): void {
    if (inFlight + ended.length === 0) return;
    this.#inFlight += inFlight;
    this.#ended.push(...ended);
    this.#parts.onNews(this, true);
  }

  /** Nothing is to be told, and nothing will be before somebody calls. */
  get isIdle(): boolean {
    return this.#inFlight + this.#ended.length + this.#wanting.size + this.#asking.size + this.#reserved === 0;
  }

  /** Null: there is nothing to say yet. */
  ask(now: number): ScopeAsk | null {
    if (now >= this.#until) this.#inHand = 0;
    const keeps = this.#inFlight + this.#inHand;
    const isRunningOut = this.#inFlight > 0 && this.#until - now <= HOLD_MS / 2;
    const hasNews = this.#ended.length + this.#wanting.size > 0 || this.#reserved > keeps;
    if (!hasNews && !isRunningOut) return null;
    [this.#telling, this.#ended] = [this.#ended, []];
    [this.#asking, this.#wanting] = [this.#wanting, new Map()];
    const { scope, windows, bucket } = this.#parts;
    const [ended, wants] = [this.#telling.map((at) => now - at), this.#asking.size];
    this.#reserved = keeps + wants;
    return { scope, windows, bucket, keeps, ended, wants };
  }

  /** What was granted may be used until `until`. Answers who waited for it. */
  answer({ granted, waitMs }: Reserved, now: number, until: number): Iterable<Waiter> {
    const waiters = this.#asking.values();
    if (granted < this.#asking.size) this.#closedUntil = now + waitMs;
    this.#reserved -= this.#asking.size - granted;
    this.#inHand += granted;
    if (this.#hasLapsed(now)) this.#since = until - HOLD_MS;
    this.#until = until;
    [this.#asking, this.#telling] = [new Map(), []];
    return waiters;
  }

  #hasLapsed(now: number): boolean {
    return now >= this.#until + WRITE_MS;
  }

  /** There is no answer: what was told and asked is told and asked again. */
  takeBack(): Iterable<Waiter> {
    this.#wanting = new Map([...this.#asking, ...this.#wanting]);
    this.#ended = [...this.#telling, ...this.#ended];
    [this.#asking, this.#telling] = [new Map(), []];
    return [];
  }
}

/** How much later than it may begin a call may be written: half of what the store counts it for beyond that. */
const WRITE_MS = 500;
