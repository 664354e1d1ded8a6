import type { ProviderName } from './provider.ts';

export interface SandboxStats {
  /** Calls read but not answered yet (hanging and slow ones). */
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** Connections accepted since the start. */
  readonly connections: number;
  /** Connections that are open now: of a process that was killed none is left when all it had written was read. */
  readonly openConnections: number;
  /** provider → route → what became of the calls. */
  readonly calls: Readonly<Partial<Record<ProviderName, Readonly<Record<string, RouteStats>>>>>;
}

export interface RouteStats {
  readonly calls: number;
  /** Answers that were sent, by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Calls that ended without a whole answer. */
  readonly unanswered: number;
}

/** Counters of every call, the refused ones too. */
export class Stats {
  #inFlight = 0;
  #peakInFlight = 0;
  #connections = 0;
  #openConnections = 0;
  #routes = new Map<ProviderName, Map<string, Tally>>();

  connected(): void {
    this.#connections++;
    this.#openConnections++;
  }

  disconnected(): void {
    this.#openConnections--;
  }

  /** Counts a call in; the answer is for `ended`. */
  began(provider: ProviderName, route: string): Tally {
    this.#inFlight++;
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight);
    const tally = this.#tallyOf(provider, route);
    tally.calls++;
    return tally;
  }

  /** `status` null: the caller got no whole answer. */
  ended(tally: Tally, status: number | null): void {
    this.#inFlight--;
    if (status === null) tally.unanswered++;
    else tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
  }

  read(): SandboxStats {
    const calls: Partial<Record<ProviderName, Record<string, RouteStats>>> = {};
    for (const [provider, routes] of this.#routes) {
      calls[provider] = Object.fromEntries([...routes].map(([route, tally]) => [route, readTally(tally)]));
    }
    return {
      inFlight: this.#inFlight,
      peakInFlight: this.#peakInFlight,
      connections: this.#connections,
      openConnections: this.#openConnections,
      calls,
    };
  }

  /** Forgets what has ended; calls in flight and open connections stay. */
  clear(): void {
    this.#peakInFlight = this.#inFlight;
    this.#connections = 0;
    this.#routes = new Map();
  }

  #tallyOf(provider: ProviderName, route: string): Tally {
    const routes = this.#routes.get(provider) ?? new Map<string, Tally>();
    if (routes.size === 0) this.#routes.set(provider, routes);
    const known = routes.get(route);
    if (known !== undefined) return known;
    const tally: Tally = { calls: 0, unanswered: 0, statuses: new Map() };
    routes.set(route, tally);
    return tally;
  }
}

export interface Tally {
  calls: number;
  unanswered: number;
  readonly statuses: Map<number, number>;
}

function readTally({ calls, unanswered, statuses }: Tally): RouteStats {
  return { calls, unanswered, statuses: Object.fromEntries(statuses) };
}
