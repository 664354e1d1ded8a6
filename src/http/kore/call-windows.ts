import type { CallLimits } from '../../model/tenancy.ts';

export type CallDecision = AdmittedCall | RefusedCall;

/** The window with the fewest calls left; null when no window is on. */
export interface AdmittedCall {
  readonly admitted: true;
  readonly tightest: WindowState | null;
}

export interface RefusedCall {
  readonly admitted: false;
  readonly window: 'minute' | 'hour';
  readonly state: WindowState;
}

export interface WindowState {
  readonly limit: number;
  readonly remaining: number;
  /** Until the oldest call that counts leaves the window; on a refusal, until the next call will be admitted. */
  readonly resetMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * Rolling windows of one process, exact to the millisecond: at no instant did more than the limit of calls begin
 * within the last minute or hour. Refused calls do not count, so a caller that keeps knocking gets in again. Memory is
 * one number per call of the last hour, hence bounded by the limits; bots that fell silent are forgotten.
 */
export class CallWindows {
  readonly #bots = new Map<string, BotCalls>();
  #sweep: Iterator<[string, BotCalls]> | null = null;

  /** `now` is monotonic milliseconds. */
  admit(botId: string, limits: CallLimits, now: number): CallDecision {
    if (limits.perMinute === 0 && limits.perHour === 0) return { admitted: true, tightest: null };
    this.#forgetSomeSilent(now);
    const calls = this.#callsOf(botId);
    calls.leave(now, limits);

    const full = findFull(calls, limits, now);
    if (full !== null) return full;
    calls.enter(now);
    return { admitted: true, tightest: tightestOf(calls, limits, now) };
  }

  get size(): number {
    return this.#bots.size;
  }

  #callsOf(botId: string): BotCalls {
    const known = this.#bots.get(botId);
    if (known !== undefined) return known;
    const calls = new BotCalls();
    this.#bots.set(botId, calls);
    return calls;
  }

  /** Looks at two bots per call, so that no call pays for all. */
  #forgetSomeSilent(now: number): void {
    for (let i = 0; i < 2; i++) {
      this.#sweep ??= this.#bots.entries();
      const next = this.#sweep.next();
      if (next.done === true) this.#sweep = null;
      else if (next.value[1].newestAt <= now - HOUR_MS) this.#bots.delete(next.value[0]);
    }
  }
}

/** The times of one bot's calls, oldest first; two cursors mark where each window begins. */
class BotCalls {
  #times: number[] = [];
  #hourStart = 0;
  #minuteStart = 0;

  get newestAt(): number {
    return this.#times.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  enter(now: number): void {
    this.#times.push(now);
  }

  /** Moves the cursors past calls that left their window. A window that is off keeps nothing. */
  leave(now: number, limits: CallLimits): void {
    this.#minuteStart = this.#pass(this.#minuteStart, now - MINUTE_MS);
    this.#hourStart = limits.perHour === 0 ? this.#minuteStart : this.#pass(this.#hourStart, now - HOUR_MS);
    if (this.#hourStart > 1024 && this.#hourStart * 2 > this.#times.length) this.#compact();
  }

  inMinute(): number {
    return this.#times.length - this.#minuteStart;
  }

  inHour(): number {
    return this.#times.length - this.#hourStart;
  }

  /** When the call that is `back` places from the newest entered (1: the newest). */
  enteredAt(back: number): number {
    return this.#times.at(-back) ?? Number.NEGATIVE_INFINITY;
  }

  #pass(start: number, until: number): number {
    let cursor = start;
    while (cursor < this.#times.length && (this.#times[cursor] ?? 0) <= until) cursor++;
    return cursor;
  }

  #compact(): void {
    this.#times = this.#times.slice(this.#hourStart);
    this.#minuteStart -= this.#hourStart;
    this.#hourStart = 0;
  }
}

/** Of two full windows the one with the longer wait: room in the other does not help before. */
function findFull(calls: BotCalls, { perMinute, perHour }: CallLimits, now: number): RefusedCall | null {
  const hour = perHour > 0 && calls.inHour() >= perHour ? calls.enteredAt(perHour) + HOUR_MS - now : 0;
  const minute = perMinute > 0 && calls.inMinute() >= perMinute ? calls.enteredAt(perMinute) + MINUTE_MS - now : 0;
  if (hour === 0 && minute === 0) return null;
  return hour >= minute ? refuse('hour', perHour, hour) : refuse('minute', perMinute, minute);
}

function refuse(window: 'minute' | 'hour', limit: number, resetMs: number): RefusedCall {
  return { admitted: false, window, state: { limit, remaining: 0, resetMs } };
}

function tightestOf(calls: BotCalls, limits: CallLimits, now: number): WindowState {
  const minute = windowState(limits.perMinute, calls.inMinute(), calls, MINUTE_MS, now);
  const hour = windowState(limits.perHour, calls.inHour(), calls, HOUR_MS, now);
  return hour.remaining < minute.remaining ? hour : minute;
}

function windowState(limit: number, used: number, calls: BotCalls, windowMs: number, now: number): WindowState {
  if (limit === 0) return { limit, remaining: Number.POSITIVE_INFINITY, resetMs: 0 };
  return { limit, remaining: limit - used, resetMs: calls.enteredAt(used) + windowMs - now };
}
