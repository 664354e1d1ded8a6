import type { RateBucket, RateScope, RateWindow } from '../channels/contract.ts';
import type { Permit } from './permit.ts';

/**
 * What one scope has seen of its limits. Providers count a call at some moment between its start and its answer, which
 * we do not know; so a call counts here from its start until a whole window after its answer. However late or bunched
 * calls arrive there, no window of the provider's holds more than is documented.
 */
export class ScopeState {
  readonly #windows: readonly RateWindow[];
  readonly #bucket: RateBucket | null;
  #inFlight = 0;
  /** When the latest calls ended, monotonic ms, ascending. */
  readonly #ended: number[] = [];
  /** When the bucket will be full again. */
  #fullAt = 0;
  #pausedUntil = 0;
  /** How many calls of each window are ours, where others spend them too. */
  #part = Number.POSITIVE_INFINITY;
  #idleSince: number;
  /** When those who were told to come back will, ascending; made when somebody is. */
  #promised: number[] | null = null;
  /** By every name that it is known by to other nodes that call it. */
  #permits: readonly Permit[] = NO_PERMITS;

  constructor({ windows = NO_WINDOWS, bucket }: Limits, now: number) {
    this.#idleSince = now;
    this.#windows = windows;
    this.#bucket = bucket ?? null;
  }

  /** 0: one more call may start. Infinity: not before one ends. */
  waitMs(now: number): number {
    let waitMs = Math.max(0, this.#pausedUntil - now);
    for (const window of this.#windows) waitMs = Math.max(waitMs, this.#windowMs(window, now));
    for (const permit of this.#permits) waitMs = Math.max(waitMs, permit.waitMs(now));
    return this.#bucket === null ? waitMs : Math.max(waitMs, this.#bucketMs(this.#bucket, now));
  }

  /** Others call it too: from now on a call needs a permit, and those that still count are told of. */
  share(permit: Permit): void {
    permit.adopt(this.#inFlight, this.#ended);
    this.#permits = [...this.#permits, permit];
  }

  /** What a call that starts now is permitted by. */
  get permits(): readonly Permit[] {
    return this.#permits;
  }

  lacking(now: number): readonly Permit[] {
    return this.#permits.length === 0 ? NO_PERMITS : this.#permits.filter((permit) => !permit.mayCall(now));
  }

  limitTo(calls: number): void {
    this.#part = calls;
  }

  /** Calls that count in a window of so many ms. */
  used(ms: number, now: number): number {
    return this.#inFlight + this.#ended.filter((at) => at + ms > now).length;
  }

  start(): void {
    this.#inFlight += 1;
    for (const permit of this.#permits) permit.start();
  }

  end(now: number): void {
    this.#inFlight -= 1;
    this.#idleSince = now;
    for (const permit of this.#permits) permit.end(now);
    if (this.#bucket !== null) this.#fullAt = Math.max(this.#fullAt, now) + this.#bucket.everyMs;
    if (this.#windows.length === 0) return;
    this.#ended.push(now);
    const longest = this.#windows.reduce((most, { calls }) => Math.max(most, calls), 0);
    if (this.#ended.length > longest * 2) this.#ended.splice(0, this.#ended.length - longest);
  }

  /** The provider asked to wait. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  /**
   * When to come back, for who found no room: each a little later than the one before, so that there is room for all
   * who do. An estimate; whoever comes is let in when there is room, promised or not.
   */
  promise(now: number): number {
    this.#promised = (this.#promised ?? []).filter((at) => at > now);
    const last = this.#promised.at(-1) ?? now;
    if (this.#promised.length >= MAX_PROMISES) return last;
    const rooms = this.#windows.map((window) => this.#roomAt(window, now));
    const permitted = this.#permits.map((permit) => now + permit.waitMs(now));
    const at = Math.max(last, now + 1, this.#pausedUntil, this.#bucketAt(now), ...rooms, ...permitted);
    this.#promised.push(at);
    return at;
  }

  /** Nothing is remembered that could matter any more, to nobody who was handed this a moment ago either. */
  isEmpty(now: number): boolean {
    const spanMs = this.#windows.reduce((most, { ms }) => Math.max(most, ms), MOMENT_MS);
    return this.#isQuiet(now) && this.#idleSince + spanMs <= now;
  }

  /** Only its longest windows would miss what is remembered, and little of it: what is given up where room is short. */
  isLight(now: number): boolean {
    return this.#isQuiet(now) && this.#ended.length <= LIGHT_CALLS && this.#idleSince + LIGHT_MS <= now;
  }

  #isQuiet(now: number): boolean {
    return this.#inFlight === 0 && this.#fullAt <= now && this.#pausedUntil <= now;
  }

  #windowMs({ calls, ms }: RateWindow, now: number): number {
    const index = this.#ended.length + this.#inFlight - Math.min(calls, this.#part);
    if (index < 0) return 0;
    const blocking = this.#ended[index];
    return blocking === undefined ? Number.POSITIVE_INFINITY : Math.max(0, blocking + ms - now);
  }

  #bucketMs({ burst, everyMs }: RateBucket, now: number): number {
    const free = burst - this.#inFlight - 1;
    if (free < 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#fullAt - now - free * everyMs);
  }

  /** As if calls under way ended now, and those promised went out when they were told. */
  #roomAt({ calls, ms }: RateWindow, now: number): number {
    const promised = this.#promised ?? [];
    const index = this.#ended.length + this.#inFlight + promised.length - calls;
    if (index < 0) return now;
    const later = index - this.#ended.length - this.#inFlight;
    return (this.#ended[index] ?? promised[later] ?? now) + ms;
  }

  #bucketAt(now: number): number {
    if (this.#bucket === null) return now;
    const { burst, everyMs } = this.#bucket;
    const fullAt = Math.max(this.#fullAt, now) + this.#inFlight * everyMs;
    return (this.#promised ?? []).reduce((full, at) => Math.max(full, at) + everyMs, fullAt) - (burst - 1) * everyMs;
  }
}

/** What a call that counts against all of them needs beside room. */
export const lackingOf = (scopes: readonly ScopeState[], now: number): readonly Permit[] =>
  scopes.flatMap((scope) => scope.lacking(now));

type Limits = Pick<RateScope, 'windows' | 'bucket'>;

const NO_WINDOWS: readonly RateWindow[] = [];
const NO_PERMITS: readonly Permit[] = [];
const MAX_PROMISES = 100;
const MOMENT_MS = 1_000;
const LIGHT_CALLS = 8;
const LIGHT_MS = 60_000;
