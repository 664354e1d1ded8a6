import type { Clock } from '../model/clock.ts';
import { SlidingWindows, type Window } from './windows.ts';

export interface TeamsLimits {
  readonly teamsPerThread: boolean;
  readonly teamsPerTenantPerSecond: number;
}

export interface CountedCall {
  readonly app: { readonly appId: string };
  readonly tenantId: string;
  readonly conversation: string;
  /** Of who is in the conversation. */
  readonly isRead?: boolean;
}

const WRITES: readonly Window[] = [
  { max: 7, spanMs: 1000 },
  { max: 8, spanMs: 2000 },
  { max: 60, spanMs: 30_000 },
  { max: 1800, spanMs: 3_600_000 },
];
const READS: readonly Window[] = WRITES.map(({ max, spanMs }) => ({ max: max * 2, spanMs }));

/** The connector's rates: by conversation, for writing and for reading, and by app and tenant for both. */
export class TeamsWindows {
  readonly #writers: SlidingWindows;
  readonly #readers: SlidingWindows;
  readonly #tenants: SlidingWindows;

  constructor({ teamsPerThread, teamsPerTenantPerSecond: max }: TeamsLimits, clock: Clock) {
    this.#writers = new SlidingWindows(teamsPerThread ? WRITES : [], clock);
    this.#readers = new SlidingWindows(teamsPerThread ? READS : [], clock);
    this.#tenants = new SlidingWindows(max > 0 ? [{ max, spanMs: 1000 }] : [], clock);
  }

  /** More than 0: the call must wait that long, and was not counted. */
  take({ app, tenantId, conversation, isRead = false }: CountedCall): number {
    const threads = isRead ? this.#readers : this.#writers;
    const tenant = `${app.appId} ${tenantId}`;
    const waitMs = Math.max(this.#tenants.waitMs(tenant), threads.waitMs(conversation));
    if (waitMs > 0) return waitMs;
    this.#tenants.take(tenant);
    threads.take(conversation);
    return 0;
  }

  clear(): void {
    for (const windows of [this.#writers, this.#readers, this.#tenants]) windows.clear();
  }
}
