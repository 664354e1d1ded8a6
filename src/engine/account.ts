import type { RateWindow } from '../channels/contract.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { RateAsk, RateShare, Slowed } from '../store/port/limits.ts';
import { Breaker } from './breaker.ts';
import { Hold } from './hold.ts';
import type { Nodes, Shared } from './nodes.ts';
import { Pace } from './pace.ts';
import { Precedence } from './precedence.ts';
import { laneOf } from './ranks.ts';
import { RetryBudget } from './retry-budget.ts';
import { ScopeState } from './scope-state.ts';
import { type PermitFor, Scopes } from './scopes.ts';
import { type LaneTurns, laneTurns } from './turns.ts';

/** Somebody who wants to make calls. */
export interface Caller {
  readonly botId: string;
  /** Pays no heed to the rate; a pause holds for everybody. */
  readonly isUnlimited: boolean;
  /** Of what it wants to call for, 0 first; null: it wants nothing any more. */
  readonly nextRank: number | null;
  pump(): void;
}

export interface AccountParts {
  /** Null or 0: no rate. */
  readonly perSecond: number | null;
  readonly clock: Clock;
  readonly random: Random;
  /** Null: nobody else spends it. */
  readonly nodes: Pick<Nodes, 'want'> | null;
  readonly permitFor?: PermitFor;
  readonly weightOf: (botId: string) => number;
}

/**
 * What is shared by all connections that spend one quota at a provider: the rate, its pauses, what it has learnt,
 * whether the provider works, how much of it may be retries, and the narrower scopes. Those who have to wait are let in
 * one call at a time: what is urgent first, within a rank by turns of bots, so that one bot's flood takes no more than
 * its turns. No part of the rate is kept for what is urgent: calls are spread over the window, so it has the next one
 * an interval later, and a part that nobody uses would cost every run as much. Where other nodes spend the quota too,
 * only a part of the rate is ours.
 */
export class Account implements Shared {
  readonly pace: Pace;
  readonly scopes: Scopes;
  readonly breaker: Breaker;
  /** After a pause one call finds out whether it is over, before all others follow; each node by itself. */
  readonly trial = new Hold({ minMs: 0 });
  readonly retries = new RetryBudget();
  readonly #clock: Clock;
  /** The documented rate as a window that is never exceeded; the pace within only spreads the calls over it. */
  readonly #window: RateWindow | null;
  readonly #second: ScopeState | null;
  readonly #nodes: Pick<Nodes, 'want'> | null;
  /** By name, as other nodes know them. */
  readonly #holds: Map<string, Hold>;
  readonly #line = new Set<Caller>();
  readonly #precedence = new Precedence();
  readonly #turns: LaneTurns;
  #turnOf: Caller | null = null;
  #cancelTimer: (() => void) | null = null;
  #part = { calls: 0, fair: 0, until: 0 };
  #usedAt = Number.NEGATIVE_INFINITY;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor({ perSecond, clock, random, nodes, weightOf, ...others }: AccountParts) {
    this.scopes = new Scopes(others);
    this.pace = new Pace(perSecond, random);
    this.#clock = clock;
    this.#nodes = nodes;
    this.#turns = laneTurns(weightOf);
    this.breaker = new Breaker(nodes);
    this.#holds = new Map([[BREAKER, this.breaker.hold]]);
    this.#window = perSecond ? windowOf(perSecond) : null;
    this.#second = this.#window === null ? null : new ScopeState({ windows: [this.#window] }, clock.monotonic());
    if (nodes !== null) this.#second?.limitTo(0);
  }

  /** What holds those connections that fare alike. */
  holdOf(name: string): Hold {
    const hold = this.#holds.get(name) ?? new Hold({ nodes: this.#nodes });
    this.#holds.set(name, hold);
    return hold;
  }

  /** True: one call starts now, and is counted until `end`. False: the caller is in line and will be pumped. */
  take(caller: Caller): boolean {
    const now = this.#clock.monotonic();
    if (this.#isUnheardOf(now)) return this.#queue(caller, now);
    this.#usedAt = now;
    if (caller.isUnlimited || this.#second === null) return this.pace.pausedMs(now) === 0 || this.#queue(caller, now);
    const isBehindOthers = this.#line.size > 0 && this.#turnOf !== caller;
    if (isBehindOthers || this.#waitMs(now) > 0) return this.#queue(caller, now);
    this.#turnOf = null;
    this.#turns[laneOf(caller.nextRank)].count(caller.botId, 1);
    this.pace.count(now);
    this.#second.start();
    return true;
  }

  /** A call that was taken has ended. */
  end(caller: Caller): void {
    if (caller.isUnlimited || this.#second === null) return;
    this.#second.end(this.#clock.monotonic());
    if (this.#line.size > 0 && this.#cancelTimer === null) this.#serve();
  }

  /** The provider asked to wait. Answers for how long the account is paused. */
  slowDown(now: number, retryAfterMs: number | null, why: string): number {
    this.trial.begin(now, why);
    return this.pace.slowDown(now, retryAfterMs, why);
  }

  ask(now: number): Omit<RateAsk, 'account'> | null {
    const slowed = this.pace.news(now);
    const { calls, ms } = this.#window ?? NO_WINDOW;
    const used = this.#second?.used(ms, now) ?? 0;
    const wants = this.#line.size > 0 ? calls : used > 0 ? Math.min(calls, used + SPARE_CALLS) : 0;
    const isIdle = this.#usedAt + IDLE_MS < now && this.#line.size === 0;
    const holds = [...this.#holds].map(([name, hold]) => hold.ask(name, now)).filter((ask) => ask !== null);
    const isToldNothing = slowed === null && holds.length === 0;
    if (isIdle && isToldNothing && used === 0 && this.#part.calls === 0) return null;
    const keeps = Math.max(used, Math.min(this.#partAt(now), wants));
    this.#setPart({ calls: keeps, fair: keeps, until: this.#part.until });
    return { calls, windowMs: ms, keeps, wants, slowed, holds };
  }

  answer({ calls, fair, slowed, holds }: RateShare, until: number): void {
    const now = this.#clock.monotonic();
    this.#heardAt = now;
    this.#setPart({ calls, fair, until });
    this.pace.markTold();
    if (slowed !== null) this.#heed(slowed, now);
    const told = new Map(holds.map((hold) => [hold.name, hold]));
    for (const name of told.keys()) this.holdOf(name);
    for (const [name, hold] of this.#holds) hold.answer(told.get(name) ?? null, now, until);
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#line.size > 0) this.#serve();
  }

  /** Another node was asked to wait. */
  #heed(slowed: Slowed, now: number): void {
    this.pace.heed(slowed, now);
    if (slowed.pausedMs > 0) this.trial.begin(now, slowed.why);
  }

  #setPart(part: { readonly calls: number; readonly fair: number; readonly until: number }): void {
    this.#part = part;
    if (this.#window === null) return;
    const ours = Math.min(part.calls, part.fair);
    this.#second?.limitTo(ours);
    this.pace.limitTo(Math.max(1, ours) / this.#window.calls);
  }

  /** What is ours lapses when the store has not been heard of for a while: then others may have it. */
  #partAt(now: number): number {
    return now < this.#part.until ? Math.min(this.#part.calls, this.#part.fair) : 0;
  }

  #queue(caller: Caller, now: number): false {
    this.#line.add(caller);
    const isWithout = this.#window !== null && this.#part.calls === 0;
    if (this.#line.size === 1 && (isWithout || this.#isUnheardOf(now))) this.#nodes?.want();
    if (this.#turnOf === null) this.#serveAfter(this.#waitMs(now));
    return false;
  }

  #serve(): void {
    while (this.#line.size > 0) {
      const waitMs = this.#waitMs(this.#clock.monotonic());
      if (waitMs > 0) {
        this.#serveAfter(waitMs);
        return;
      }
      this.#serveNext();
    }
  }

  #serveNext(): void {
    const firsts = this.#firstInLine();
    const waits = (rank: number) => firsts.has(rank);
    const rank = this.#precedence.next(waits, () => true);
    const caller = firsts.get(rank);
    if (caller === undefined) return;
    // Whoever has nothing to send any more is out of the line by not coming back.
    this.#line.delete(caller);
    this.#turnOf = caller;
    caller.pump();
    if (rank !== null && this.#turnOf === null) this.#precedence.count(rank, waits);
    this.#turnOf = null;
  }

  /** Of each rank who is first in turn, under `null` somebody who wants nothing any more. */
  #firstInLine(): Map<number | null, Caller> {
    const firsts = new Map<number | null, { readonly caller: Caller; readonly place: number }>();
    for (const caller of this.#line) {
      const rank = caller.nextRank;
      const place = this.#turns[laneOf(rank)].placeOf(caller.botId);
      const first = firsts.get(rank);
      if (first === undefined || place < first.place) firsts.set(rank, { caller, place });
    }
    return new Map([...firsts].map(([rank, { caller }]) => [rank, caller]));
  }

  #serveAfter(waitMs: number): void {
    // The end of a call will tell, or the answer of the store.
    if (this.#cancelTimer !== null || waitMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      this.#cancelTimer = null;
      this.#serve();
    });
  }

  /** Others may have been refused or paused since we were last busy with it: they are asked before the first call. */
  #isUnheardOf(now: number): boolean {
    return this.#nodes !== null && Math.max(this.#usedAt, this.#heardAt) + IDLE_MS < now;
  }

  #waitMs(now: number): number {
    if (this.#isUnheardOf(now)) return Number.POSITIVE_INFINITY;
    if (this.#second === null) return this.pace.waitMs(now);
    if (this.#nodes !== null && this.#partAt(now) === 0) return Number.POSITIVE_INFINITY;
    return Math.max(this.pace.waitMs(now), this.#second.waitMs(now));
  }
}

/** Rates below one a second are a longer window; of a broken one only whole calls fit. */
const windowOf = (perSecond: number): RateWindow =>
  perSecond < 1 ? { calls: 1, ms: 1_000 / perSecond } : { calls: Math.floor(perSecond), ms: 1_000 };

const BREAKER = 'breaker';
const NO_WINDOW: RateWindow = { calls: 0, ms: 0 };
/** Who is served at once asks for a little more than it uses, so as not to have to wait when it needs it. */
const SPARE_CALLS = 2;
/** For so long after its last call a node goes on asking what others were told. */
const IDLE_MS = 2_000;
