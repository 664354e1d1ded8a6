import { setTimeout as sleep } from 'node:timers/promises';
import { describeExclude, describeFilter } from '../client/describe-audience.ts';
import type { Notification } from '../client/notification-documents.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Progress } from './progress.ts';
import type { Target } from './target.ts';
import { followEvents } from './watch.ts';

const POLL_MS = 500;

/** Stays until a notification of the native API is over; answers its final document. */
export async function watchNotification(
  { client, botId }: Target,
  notificationId: string,
  progress: Progress,
): Promise<Notification> {
  const key = { botId, notificationId };
  try {
    // There are no events before it is known who it is for.
    let found = await client.notification(key);
    while (isGathering(found)) {
      progress.update(0, found.counts.total, `${found.counts.total} found so far`);
      await sleep(POLL_MS);
      found = await client.notification(key);
    }
    if (found.finishedAt !== null) return found;
    await followEvents(client.events(key), progress);
    return await client.notification(key);
  } finally {
    progress.stop();
  }
}

const isGathering = ({ state }: Notification): boolean => state === 'receiving' || state === 'collecting';

/** `998 delivered, 2 failed`, how they were chosen, and how often each reason was given. */
export function summarizeNotification(notification: Notification): string {
  const reasons = Object.entries(notification.reasons ?? {}).map(
    ([reason, count]) => `${String(count).padStart(6)}  ${reason}`,
  );
  const { filter, exclude } = notification.audience ?? {};
  const chosen = [
    ...(filter ? [`   For  ${describeFilter(filter)}`] : []),
    ...(exclude ? [`   Not  ${describeExclude(exclude)}`] : []),
  ];
  return [`${words(notification)}  ${notification.id}`, ...chosen, ...reasons].join('\n');
}

export function exitCodeFor({ counts, finishedAt }: Notification): ExitCode {
  if (finishedAt === null) return EXIT.tryLater;
  return counts.delivered === counts.total ? EXIT.ok : EXIT.failure;
}

function words({ counts: { total, pending, delivered, ...others } }: Notification): string {
  const rest = Object.entries(others).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []));
  return [`${delivered} delivered`, ...rest].join(', ');
}
