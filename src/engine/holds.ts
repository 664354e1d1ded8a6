import type { Held, Hold } from './hold.ts';

/** All that may hold one connection: it goes on when the last of them lets it. */
export class Holds {
  readonly #all: readonly Hold[];

  constructor(...all: readonly Hold[]) {
    this.#all = all;
  }

  join(member: Held): void {
    for (const hold of this.#all) hold.join(member);
  }

  get why(): string | null {
    return this.#all.find(({ why }) => why !== null)?.why ?? null;
  }

  heldMs(now: number): number {
    return this.#all.reduce((most, hold) => Math.max(most, hold.heldMs(now)), 0);
  }

  /** False: another node finds out for one of them. Every right that is missing is asked for. */
  mayProbe(now: number): boolean {
    return this.#all.filter((hold) => !hold.mayProbe(now)).length === 0;
  }

  get probing(): boolean {
    return this.#all.some(({ probing }) => probing);
  }

  get isProbeOut(): boolean {
    return this.#all.some(({ isProbeOut }) => isProbeOut);
  }

  /** A call begins; answers for which of them it is the probe. */
  startCall(): readonly Hold[] {
    return this.probing ? this.#all.filter((hold) => hold.startCall()) : NONE;
  }
}

const NONE: readonly Hold[] = [];
