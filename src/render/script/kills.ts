import { hash } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import { KILL_WINDOW_MS, MAX_KILLS } from './limits.ts';

interface Script {
  readonly botId: string;
  readonly source: string;
}

const MAX_SCRIPTS = 1_000;

/** Which scripts had to be stopped from outside, and when. Each stop costs everybody a thread's start. */
export class Kills {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By tenant and script, monotonic ms. */
  readonly #times = new Map<string, readonly number[]>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  note(script: Script): void {
    const key = keyOf(script);
    const times = [...this.#recent(key), this.#clock.monotonic()];
    this.#times.delete(key);
    this.#times.set(key, times.slice(-MAX_KILLS));
    const [oldest] = this.#times.keys();
    if (this.#times.size > MAX_SCRIPTS && oldest !== undefined) this.#times.delete(oldest);
  }

  areTooMany(script: Script): boolean {
    return this.#times.size > 0 && this.#recent(keyOf(script)).length >= MAX_KILLS;
  }

  #recent(key: string): readonly number[] {
    const since = this.#clock.monotonic() - KILL_WINDOW_MS;
    return (this.#times.get(key) ?? []).filter((time) => time > since);
  }
}

/** Names a script of a tenant. */
export const keyOf = ({ botId, source }: Script): string => `${botId}/${hash('sha256', source, 'hex')}`;
