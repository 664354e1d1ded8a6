import { type Channels, channelAt } from '../model/fall-back.ts';
import type { Ends } from '../model/meter.ts';
import type { Log } from '../model/notification.ts';
import { addCells } from './activity-cells.ts';
import type { NotificationKey } from './port/notifications.ts';
import type { Steps } from './steps.ts';

/*
 * What a worker ends it counts itself, once it is durable. Whoever is left out from the beginning, or is cancelled or
 * erased while they wait, ends in a transaction of the store's own: in it they are added to what was done in that
 * minute, and the verb yields how many, among its statements; whoever opened the store hears of it after the commit.
 */

/** By the connection each ended on. `at`: epoch ms. */
export function* tellEnds(
  { botId, notificationId }: NotificationKey,
  ends: readonly UnworkedEnds[],
  at: number,
): Steps<void> {
  const some = ends.filter(({ count }) => count > 0);
  if (some.length === 0) return;
  const minute = Math.floor(at / MINUTE_MS);
  yield* addCells(
    notificationId,
    some.map(({ connectionId, state, reason, count }) => ({ botId, connectionId, minute, state, reason, count })),
  );
  yield { kind: 'ended', ends: some.map(({ connectionId: _, ...end }) => end) };
}

interface UnworkedEnds extends Ends {
  readonly connectionId: string;
}

const MINUTE_MS = 60_000;

export interface UnworkedLogs {
  readonly logs: readonly Log[];
  /** The channel of those who tell of no other. */
  readonly step: number;
}

/** By the channel each ended on. */
export function* tellEndsOf(
  notification: NotificationKey & Channels,
  ended: readonly UnworkedLogs[],
  at: number,
): Steps<void> {
  const all = ended.flatMap(({ logs, step }) =>
    logs.map(({ state, reason, route }) => ({ state, reason, step: route?.step ?? step })),
  );
  const alike = Map.groupBy(all, ({ state, reason, step }) => `${step} ${state} ${reason ?? ''}`);
  const ends = [...alike.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { step, state, reason } = first;
    return { ...channelAt(notification, step), state, reason, count: 1 + others.length };
  });
  yield* tellEnds(notification, ends, at);
}

/** Keeps in `told` what the steps tell of, and hands on the rest. */
export function* hearEnds<T>(steps: Steps<T>, told: Ends[]): Steps<T> {
  let next = steps.next([]);
  while (!next.done) {
    if (next.value.kind === 'ended') {
      told.push(...next.value.ends);
      next = steps.next([]);
    } else next = steps.next(yield next.value);
  }
  return next.value;
}
