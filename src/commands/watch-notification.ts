import { setTimeout as sleep } from 'node:timers/promises';
import type { Notification } from '../client/notification-documents.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Progress } from './progress.ts';
import type { Target } from './target.ts';

const POLL_MS = 500;

/** Asks until a notification of the native API is over. */
export async function watchNotification(
  { client, botId }: Target,
  notificationId: string,
  progress: Progress,
): Promise<Notification> {
  try {
    for (;;) {
      const notification = await client.notification({ botId, notificationId });
      const { total, pending } = notification.counts;
      progress.update(total - pending, total, words(notification));
      if (notification.finishedAt !== null) return notification;
      await sleep(POLL_MS);
    }
  } finally {
    progress.stop();
  }
}

/** `998 delivered, 2 failed`, then how often each reason was given. */
export function summarizeNotification(notification: Notification): string {
  const reasons = Object.entries(notification.reasons ?? {}).map(
    ([reason, count]) => `${String(count).padStart(6)}  ${reason}`,
  );
  return [`${words(notification)}  ${notification.id}`, ...reasons].join('\n');
}

export const exitCodeFor = ({ counts }: Notification): ExitCode =>
  counts.delivered === counts.total ? EXIT.ok : EXIT.failure;

function words({ counts: { total, pending, delivered, ...others } }: Notification): string {
  const rest = Object.entries(others).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []));
  return [`${delivered} delivered`, ...rest].join(', ');
}
