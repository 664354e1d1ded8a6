import type { Span } from '../model/tracer.ts';
import type { Flight } from './flights.ts';
import type { Hold } from './hold.ts';
import type { Sendable } from './job.ts';
import type { Permit } from './permit.ts';
import type { ScopeState } from './scope-state.ts';

/** A send under way, which may be several calls, one after the other. */
export class Send {
  readonly job: Sendable;
  readonly flight: Flight;
  readonly scopes: readonly ScopeState[];
  /** What it is the probe for. */
  readonly probes: readonly Hold[];
  /** Null: nobody collects its trace. */
  readonly span: Span | null;
  #isCalling = false;
  #startedAt = 0;
  #permits: readonly Permit[] = NO_PERMITS;

  constructor(job: Sendable, flight: Flight, scopes: readonly ScopeState[], probes: readonly Hold[]) {
    this.job = job;
    this.span = job.work.traceSend();
    this.flight = flight;
    this.scopes = scopes;
    this.probes = probes;
  }

  startCall(now: number): void {
    this.#isCalling = true;
    this.#startedAt = now;
    if (this.scopes.length > 0) this.#permits = this.scopes.flatMap(({ permits }) => permits);
    for (const scope of this.scopes) scope.start();
  }

  /** Whether the call under way may still be written. */
  isPermitted(now: number): boolean {
    return !this.#isCalling || this.#permits.every((permit) => permit.covers(this.#startedAt, now));
  }

  /** Answers whether there was a call to end. */
  endCall(now: number): boolean {
    if (!this.#isCalling) return false;
    this.#isCalling = false;
    for (const scope of this.scopes) scope.end(now);
    return true;
  }
}

const NO_PERMITS: readonly Permit[] = [];
