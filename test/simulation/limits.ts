import type { RateWindow } from '../../src/channels/contract.ts';
import type { Node } from './node.ts';
import type { Scenario } from './scenario.ts';

interface Pause {
  readonly until: number;
  readonly heardAt: number;
}

/** What each process owes the provider: it keeps to the limits by itself, for nothing is shared over processes yet. */
export class Limits {
  readonly #scenario: Scenario;
  readonly #arrivals = new Map<string, number[]>();
  readonly #pauses = new Map<string, Pause[]>();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  pause(node: Node, connectionId: string, pause: Pause): void {
    const key = this.#accountOf(node, connectionId);
    this.#pauses.set(key, [...(this.#pauses.get(key) ?? []), pause]);
  }

  /** A send of the very moment in which the pause is heard is older than it. */
  pausedMs(node: Node, connectionId: string, now: number): number {
    const pauses = this.#pauses.get(this.#accountOf(node, connectionId)) ?? [];
    const felt = pauses.filter(({ heardAt }) => heardAt < now);
    return Math.max(0, ...felt.map(({ until }) => until - now));
  }

  /** Which limit a call that arrives now breaks; null: none. */
  arrive(node: Node, connectionId: string, conversation: string, now: number): string | null {
    const { perSecond } = this.#planOf(connectionId);
    // Switched off by whoever set it to nothing.
    if (perSecond === 0) return null;
    const account = this.#accountOf(node, connectionId);
    const perAccount = perSecond === null ? [] : [{ calls: perSecond, ms: 1_000 }];
    const limits: [string, readonly RateWindow[]][] = [
      [account, perAccount],
      [`${account} ${conversation}`, this.#scenario.channel.windows],
    ];
    return limits.map(([key, windows]) => this.#count(key, windows, now)).find((broken) => broken !== null) ?? null;
  }

  #count(key: string, windows: readonly RateWindow[], now: number): string | null {
    if (windows.length === 0) return null;
    const arrivals = [...(this.#arrivals.get(key) ?? []), now];
    this.#arrivals.set(key, arrivals);
    const broken = windows.find(({ calls, ms }) => arrivals.filter((at) => at > now - ms).length > calls);
    return broken === undefined ? null : `${broken.calls} calls in ${broken.ms} ms`;
  }

  #accountOf = (node: Node, connectionId: string): string =>
    `${node.name} ${this.#scenario.channel.isShared ? 'everybody' : connectionId}`;

  #planOf(connectionId: string) {
    return this.#scenario.bots.find((bot) => bot.connectionId === connectionId) ?? { perSecond: null };
  }
}
