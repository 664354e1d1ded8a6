import { LANES, type Lane } from '../model/notification.ts';
import type { Queue, QueueState } from '../store/port/work.ts';
import { rankOf } from './ranks.ts';

/**
 * Weighted turns of bots: who had the least for its weight goes next. Whoever wanted nothing for a while begins where
 * the others are: it has saved nothing up, and comes before everybody who has just had something.
 */
export class Turns {
  readonly #weightOf: (botId: string) => number;
  /** What each has had, divided by its weight. */
  readonly #had = new Map<string, number>();
  /** The same of whoever was served last, before that. */
  #level = 0;

  constructor(weightOf: (botId: string) => number) {
    this.#weightOf = weightOf;
  }

  /** The lowest goes next. */
  placeOf(botId: string): number {
    return Math.max(this.#level, this.#had.get(botId) ?? 0);
  }

  count(botId: string, amount: number): void {
    this.#level = this.placeOf(botId);
    this.#had.set(botId, this.#level + amount / this.#weightOf(botId));
  }
}

export type LaneTurns = Readonly<Record<Lane, Turns>>;

/** Each lane by itself, for what is urgent shall not be paid for in bulk. */
export const laneTurns = (weightOf: (botId: string) => number): LaneTurns => ({
  urgent: new Turns(weightOf),
  normal: new Turns(weightOf),
  bulk: new Turns(weightOf),
});

/**
 * In which order due queues are served: lane by lane, within a lane by turns of bots, so that a bot with a hundred
 * thousand batches waits its turn like everybody else, and of one bot the small notifications first.
 */
export function orderQueues(states: readonly QueueState[], turns: LaneTurns): Queue[] {
  const due = states.filter((state) => state.dueInMs <= 0).map((state) => state.queue);
  return LANES.flatMap((lane) =>
    due
      .filter((queue) => queue.lane === lane)
      .map((queue) => ({ queue, place: turns[lane].placeOf(queue.botId) }))
      .sort((one, other) => one.place - other.place || rankIn(one.queue) - rankIn(other.queue))
      .map(({ queue }) => queue),
  );
}

const rankIn = ({ lane, size }: Queue): number => rankOf(lane, size);
