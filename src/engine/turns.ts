import { LANES } from '../model/notification.ts';
import type { Queue, QueueState } from '../store/port.ts';

/**
 * In which order due queues are served: lane by lane, and within a lane the bot after the one served last goes first,
 * so that a bot with a hundred thousand batches waits its turn like everybody else.
 */
export function orderQueues(states: readonly QueueState[], lastServed: Queue | null): Queue[] {
  const due = states.filter((state) => state.dueInMs <= 0).map((state) => state.queue);
  return LANES.flatMap((lane) =>
    rotate(
      due.filter((queue) => queue.lane === lane),
      lastServed,
    ),
  );
}

function rotate(queues: readonly Queue[], lastServed: Queue | null): readonly Queue[] {
  if (lastServed === null) return queues;
  const next = queues.findIndex((queue) => isAfter(queue, lastServed));
  return next <= 0 ? queues : [...queues.slice(next), ...queues.slice(0, next)];
}

const isAfter = (queue: Queue, other: Queue): boolean =>
  queue.botId > other.botId || (queue.botId === other.botId && queue.connectionId > other.connectionId);
