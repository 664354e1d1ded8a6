import type { Flight } from './flights.ts';
import type { Hold } from './hold.ts';
import type { Sendable } from './job.ts';
import type { ScopeState } from './scope-state.ts';

/** A send under way, which may be several calls, one after the other. */
export class Send {
  readonly job: Sendable;
  readonly flight: Flight;
  readonly scopes: readonly ScopeState[];
  /** What it is the probe for. */
  readonly probes: readonly Hold[];
  #isCalling = false;

  constructor(job: Sendable, flight: Flight, scopes: readonly ScopeState[], probes: readonly Hold[]) {
    this.job = job;
    this.flight = flight;
    this.scopes = scopes;
    this.probes = probes;
  }

  startCall(): void {
    this.#isCalling = true;
    for (const scope of this.scopes) scope.start();
  }

  /** Answers whether there was a call to end. */
  endCall(now: number): boolean {
    if (!this.#isCalling) return false;
    this.#isCalling = false;
    for (const scope of this.scopes) scope.end(now);
    return true;
  }
}
