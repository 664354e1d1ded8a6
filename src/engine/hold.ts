import type { HoldAsk, HoldShare } from '../store/port/limits.ts';
import type { Nodes } from './nodes.ts';
import { ProbeRight } from './probe-right.ts';

/** Somebody who waits for a hold to end. */
export interface Held {
  /** How many would be sent their message. */
  readonly waiting: number;
  pump(): void;
}

export interface HoldOptions {
  /** Successes it takes. */
  readonly mendedAfter?: number;
  /** Of the first hold; 0: nobody is held, and only the probing is left of it. */
  readonly minMs?: number;
  /** Others that are told of it and make no probe while we do; null: there are none. */
  readonly nodes?: Pick<Nodes, 'want'> | null;
}

/**
 * A connection that the provider refused (wrong secret, disabled app) is held: nothing is sent for a while, then one
 * probe at a time until one succeeds, or as many as it takes. Connections with the very same settings share it, for they
 * fare the same; so do all nodes over one database.
 */
export class Hold {
  readonly #members = new Set<Held>();
  #until = 0;
  #count = 0;
  readonly #mendedAfter: number;
  readonly #minMs: number;
  #successes = 0;
  #isProbing = false;
  readonly #right: ProbeRight;
  /** Other nodes were not told yet what has become of it here. */
  #isNews = false;
  /** It was asked about before something happened here: then the answer is older than what we know. */
  #isAskStale = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #mends = 0;
  /** What the provider said; null when nothing is held. */
  #why: string | null = null;

  constructor({ mendedAfter = 1, minMs = MIN_HOLD_MS, nodes = null }: HoldOptions = {}) {
    this.#mendedAfter = mendedAfter;
    this.#minMs = minMs;
    this.#right = new ProbeRight(nodes);
  }

  join(member: Held): void {
    this.#members.add(member);
  }

  get why(): string | null {
    return this.#why;
  }

  /** How often it has ended. */
  get mends(): number {
    return this.#mends;
  }

  /** Answers for how long it is held: 5 s, doubling to a minute. Many refusals of one moment count as one. */
  begin(now: number, why: string): number {
    if (this.#until <= now) {
      this.#until = now + Math.min(MAX_HOLD_MS, this.#minMs * 2 ** Math.min(this.#count, MAX_DOUBLINGS));
      this.#count += 1;
      this.#tell();
    }
    this.#why = why;
    return this.#until - now;
  }

  /** Ms until it is over; 0 when there is none. */
  heldMs(now: number): number {
    return Math.max(0, this.#until - now);
  }

  /** True from its beginning until it is mended: then one call at a time finds out whether it is mended. */
  get probing(): boolean {
    return this.#count > 0;
  }

  /** True when the one call is under way that finds out. */
  get isProbeOut(): boolean {
    return this.#isProbing;
  }

  /** False: another node finds out, and members that ask again are let in when it has or when it is our turn. */
  mayProbe(now: number): boolean {
    return !this.probing || this.#right.has(now);
  }

  /** A call begins; answers whether it is the probe, whose end has to be told. */
  startCall(): boolean {
    if (!this.probing) return false;
    this.#isProbing = true;
    return true;
  }

  endProbe(): void {
    this.#isProbing = false;
    this.#pumpAll();
  }

  /** A call succeeded. Answers true if this ends a hold. */
  succeed(): boolean {
    if (this.#count === 0) return false;
    this.#successes += 1;
    this.#tell();
    if (this.#successes < this.#mendedAfter) return false;
    this.#end();
    return true;
  }

  /** What other nodes should know, and what is to be known from them; null: nothing. */
  ask(name: string, now: number): HoldAsk | null {
    const probe = this.#right.ask(this.#isProbing, now);
    if (!this.#isNews && probe === null && !this.#isTimeToLook(now)) return null;
    this.#lookedAt = now;
    this.#isAskStale = false;
    return { name, news: this.#isNews ? this.#news(now) : null, probe: probe ?? false };
  }

  /** What holds for all nodes; null: nothing does. The right to probe, if it is ours, lasts until `until`. */
  answer(share: HoldShare | null, now: number, until: number): void {
    const isOurTurn = this.#right.answer(share?.mayProbe ? until : null);
    const isMended = !this.#isAskStale && share === null && this.probing;
    if (!this.#isAskStale) {
      this.#isNews = false;
      if (share !== null) this.#take(share, now);
      else if (isMended) this.#end();
    }
    if (isMended || isOurTurn) this.#pumpAll();
  }

  #take({ heldMs, count, successes, why }: HoldShare, now: number): void {
    this.#until = heldMs > 0 ? now + heldMs : Math.min(this.#until, now);
    this.#count = count;
    this.#successes = successes;
    this.#why = why;
  }

  #end(): void {
    this.#count = 0;
    this.#successes = 0;
    this.#until = 0;
    this.#why = null;
    this.#mends += 1;
  }

  #tell(): void {
    this.#isNews = true;
    this.#isAskStale = true;
  }

  #news(now: number): HoldAsk['news'] {
    if (!this.probing) return { kind: 'mended' };
    const [count, successes, why] = [this.#count, this.#successes, this.#why ?? ''];
    return { kind: 'held', heldMs: this.heldMs(now), count, successes, why };
  }

  /** Another node may have ended it: soon enough for those who wait, and in the end for those who only look. */
  #isTimeToLook(now: number): boolean {
    if (!this.probing) return false;
    const everyMs = this.#members.values().some(({ waiting }) => waiting > 0) ? LOOK_MS : IDLE_LOOK_MS;
    return this.#lookedAt + everyMs <= now;
  }

  #pumpAll(): void {
    for (const member of this.#members) member.pump();
  }
}

const MIN_HOLD_MS = 5_000;
const MAX_HOLD_MS = 60_000;
const MAX_DOUBLINGS = 10;
const LOOK_MS = 1_000;
const IDLE_LOOK_MS = 10_000;
