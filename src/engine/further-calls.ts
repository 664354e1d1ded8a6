import type { Waiter } from './permit.ts';
import { lackingOf } from './scope-state.ts';
import type { Send } from './send.ts';

/** Sends under way that want to make another call, by rank, and in the order they asked. */
export class FurtherCalls {
  readonly #waiting = new Map<Send, () => void>();

  /** Resolves when it may be made, or when the send was broken off and will not make it. */
  ask(send: Send): Promise<void> {
    const { signal } = send.flight.abort;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (signal.aborted) resolve();
    else {
      const giveUp = () => {
        this.#waiting.delete(send);
        resolve();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.set(send, resolve);
    }
    return promise;
  }

  /** Of the first of them; null when nobody waits. */
  get nextRank(): number | null {
    if (this.#waiting.size === 0) return null;
    return this.#waiting.keys().reduce((first, send) => Math.min(first, rankOf(send)), Number.POSITIVE_INFINITY);
  }

  /**
   * Lets those begin whose conversation has room, while `take` finds room for them. Answers in how many ms to ask again;
   * `waiter` will be told of the permits they lack.
   */
  letGo(now: number, waiter: Waiter, take: () => boolean): number {
    let againMs = Number.POSITIVE_INFINITY;
    if (this.#waiting.size === 0) return againMs;
    for (const [send, go] of [...this.#waiting].sort(([one], [other]) => rankOf(one) - rankOf(other))) {
      const waitMs = send.scopes.reduce((most, scope) => Math.max(most, scope.waitMs(now)), 0);
      const lacking = waitMs > 0 ? [] : lackingOf(send.scopes, now);
      for (const permit of lacking) permit.want(send, waiter);
      if (waitMs > 0) againMs = Math.min(againMs, waitMs);
      else if (lacking.length > 0) continue;
      else if (!take()) break;
      else {
        this.#waiting.delete(send);
        send.startCall(now);
        go();
      }
    }
    return againMs;
  }
}

const rankOf = ({ job }: Send): number => job.work.rank;
