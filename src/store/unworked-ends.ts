import { type Channels, channelAt } from '../model/fall-back.ts';
import type { Ends } from '../model/meter.ts';
import type { Log } from '../model/notification.ts';
import type { Steps } from './steps.ts';

/*
 * What a worker ends it counts itself, once it is durable. Whoever is left out from the beginning, or is cancelled or
 * erased while they wait, ends in a transaction of the store's own: the verb yields how many, among its statements,
 * and whoever opened the store hears of it after the commit.
 */

export function* tellEnds(ends: readonly Ends[]): Steps<void> {
  const some = ends.filter(({ count }) => count > 0);
  if (some.length > 0) yield { kind: 'ended', ends: some };
}

/** By the channel each ended on. `step`: that of those who were on no other. */
export function* tellEndsOf(channels: Channels, logs: readonly Log[], step: number): Steps<void> {
  const alike = Map.groupBy(logs, ({ state, reason, route }) => `${route?.step ?? step} ${state} ${reason ?? ''}`);
  const ends = [...alike.values()].flatMap(([log, ...others]) => {
    if (log === undefined) return [];
    const { channel } = channelAt(channels, log.route?.step ?? step);
    return { channel, state: log.state, reason: log.reason, count: 1 + others.length };
  });
  yield* tellEnds(ends);
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
