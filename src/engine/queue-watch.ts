import type { Clock } from '../model/clock.ts';
import { LANES, type Lane } from '../model/notification.ts';
import type { Queue } from '../store/port/work.ts';
import type { Store } from '../store/port.ts';

export interface QueueWatchParts {
  readonly store: Pick<Store, 'tellAccepted' | 'listQueues'>;
  readonly clock: Clock;
}

/** What waits in the database, whoever is to send it. */
export interface QueueFigures {
  /** Recipients without an end. */
  readonly recipients: number;
  /** How long the batch that waits longest has been due, ms; 0: none is. A batch somebody works on does not wait. */
  readonly overdueMs: Readonly<Record<Lane, number>>;
}

/** Figures may be so old: whoever asks more often costs the database nothing. */
const FRESH_MS = 1_000;
const DEADLINE_MS = 2_000;
const PAGE = 1_000;
/** Of more queues than this the first are looked at, which are those of the lanes that go first. */
const MAX_PAGES = 20;

/** Answers null where the database does not answer in time. */
export function watchQueue({ store, clock }: QueueWatchParts): () => Promise<QueueFigures | null> {
  let asked: { readonly at: number; readonly answer: Promise<QueueFigures | null> } | null = null;
  return () => {
    const at = clock.monotonic();
    if (asked === null || at - asked.at >= FRESH_MS) asked = { at, answer: inTime(clock, lookAt(store)) };
    return asked.answer;
  };
}

async function inTime(clock: Clock, figures: Promise<QueueFigures>): Promise<QueueFigures | null> {
  const late = Promise.withResolvers<null>();
  const cancel = clock.after(DEADLINE_MS, () => late.resolve(null));
  return Promise.race([figures.catch(() => null), late.promise]).finally(cancel);
}

async function lookAt(store: QueueWatchParts['store']): Promise<QueueFigures> {
  const overdueMs = Object.fromEntries(LANES.map((lane) => [lane, 0])) as Record<Lane, number>;
  let after: Queue | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const states = await store.listQueues({ after, limit: PAGE });
    for (const { queue, dueInMs } of states) overdueMs[queue.lane] = Math.max(overdueMs[queue.lane], -dueInMs);
    after = states.at(-1)?.queue ?? null;
    if (states.length < PAGE) break;
  }
  const { all } = await store.tellAccepted({ accepted: [] });
  return { recipients: all, overdueMs };
}
