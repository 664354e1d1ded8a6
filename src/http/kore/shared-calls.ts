import type { CallLimits } from '../../model/tenancy.ts';
import type { CallAsk, CallCount } from '../../store/port/limits.ts';
import type { Store } from '../../store/port.ts';
import type { CallDecision, WindowState } from './call-windows.ts';

interface Waiting {
  readonly resolve: (decision: CallDecision) => void;
  readonly reject: (error: unknown) => void;
}

interface Full {
  readonly window: 'minute' | 'hour';
  readonly limit: number;
  /** Monotonic ms. */
  readonly until: number;
}

/**
 * The windows of all nodes over one database, which counts. What comes while it is asked waits and is asked for
 * together, so that a flood costs no more than one question at a time; a bot whose window is full is refused without
 * asking, for only time makes room.
 */
export class SharedCalls {
  readonly #store: Pick<Store, 'countCalls'>;
  readonly #limitsOf: (botId: string) => CallLimits;
  readonly #monotonic: () => number;
  #waiting = new Map<string, Waiting[]>();
  readonly #full = new Map<string, Full>();
  #isAsking = false;

  constructor(store: Pick<Store, 'countCalls'>, limitsOf: (botId: string) => CallLimits, monotonic: () => number) {
    this.#store = store;
    this.#limitsOf = limitsOf;
    this.#monotonic = monotonic;
  }

  async admit(botId: string): Promise<CallDecision> {
    const { perMinute, perHour } = this.#limitsOf(botId);
    if (perMinute === 0 && perHour === 0) return { admitted: true, tightest: null };
    const full = this.#findFull(botId);
    if (full !== null) return full;
    return new Promise((resolve, reject) => {
      const others = this.#waiting.get(botId) ?? [];
      this.#waiting.set(botId, [...others, { resolve, reject }]);
      if (!this.#isAsking) void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.size > 0) {
      const asked = [...this.#waiting];
      this.#waiting = new Map();
      try {
        const asks = asked.map(([botId, calls]) => ({ botId, calls: calls.length, ...this.#limitsOf(botId) }));
        const counts = await this.#store.countCalls({ asks });
        for (const [index, ask] of asks.entries()) this.#answer(ask, asked[index]?.[1] ?? [], counts[index]);
      } catch (error) {
        for (const { reject } of asked.flatMap(([, calls]) => calls)) reject(error);
      }
    }
    this.#isAsking = false;
  }

  #answer(ask: CallAsk, calls: readonly Waiting[], count: CallCount | undefined): void {
    if (count === undefined) throw new Error('a call was not counted');
    const { admitted, minute, hour } = count;
    const { botId, perMinute, perHour } = ask;
    for (const [place, { resolve }] of calls.slice(0, admitted).entries()) {
      const later = admitted - 1 - place;
      const tightest = tighter(stateOf(perMinute, minute, later), stateOf(perHour, hour, later));
      resolve({ admitted: true, tightest });
    }
    if (admitted === calls.length) return;
    const full = this.#fullOf(ask, count);
    this.#full.set(botId, full);
    for (const { resolve } of calls.slice(admitted)) resolve(this.#refuse(full));
  }

  /** Of two full windows the one with the longer wait. */
  #fullOf({ perMinute, perHour }: CallAsk, { minute, hour }: CallCount): Full {
    const now = this.#monotonic();
    const isMinuteFull = perMinute > 0 && minute.used >= perMinute;
    const isHour = perHour > 0 && hour.used >= perHour && (!isMinuteFull || hour.freeInMs >= minute.freeInMs);
    if (isHour) return { window: 'hour', limit: perHour, until: now + hour.freeInMs };
    return { window: 'minute', limit: perMinute, until: now + minute.freeInMs };
  }

  #findFull(botId: string): CallDecision | null {
    const full = this.#full.get(botId);
    if (full === undefined) return null;
    if (full.until > this.#monotonic()) return this.#refuse(full);
    this.#full.delete(botId);
    return null;
  }

  #refuse({ window, limit, until }: Full): CallDecision {
    return { admitted: false, window, state: { limit, remaining: 0, resetMs: until - this.#monotonic() } };
  }
}

/** As it was for a call after which so many others were admitted. */
const stateOf = (limit: number, { used, freeInMs }: CallCount['minute'], later: number): WindowState => ({
  limit,
  remaining: limit === 0 ? Number.POSITIVE_INFINITY : limit - used + later,
  resetMs: freeInMs,
});

const tighter = (minute: WindowState, hour: WindowState): WindowState =>
  hour.remaining < minute.remaining ? hour : minute;
