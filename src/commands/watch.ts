import type { Client } from '../client/client.ts';
import type { JobStatus } from '../client/kore-documents.ts';
import type { ProgressDocument } from '../client/notification-documents.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Progress } from './progress.ts';

export interface Watch {
  readonly client: Client;
  readonly botId: string;
  readonly requestId: string;
  readonly progress: Progress;
}

/** Stays until the notification is over, whatever becomes of connections meanwhile; answers its final document. */
export async function watchUntilDone({ client, botId, requestId, progress }: Watch): Promise<JobStatus> {
  try {
    await followEvents(client.events({ botId, notificationId: requestId }), progress);
  } finally {
    progress.stop();
  }
  return client.status({ botId, requestId });
}

/** Shows what is told until the last event. */
export async function followEvents(events: ReturnType<Client['events']>, progress: Progress): Promise<void> {
  for await (const { progress: now } of events) {
    progress.update(now.counts.total - now.counts.pending, now.counts.total, progressNote(now));
  }
}

/** `998 delivered, 2 failed, 120 a second, 8 s to go`. */
function progressNote({ counts, perSecond, etaSeconds, pausedReason }: ProgressDocument): string {
  const { total, pending, delivered } = counts;
  const now = [`${delivered} delivered`, `${total - pending - delivered} failed`];
  if (perSecond !== null && pending > 0) now.push(`${perSecond} a second`);
  if (etaSeconds !== null && pending > 0) now.push(`${etaSeconds} s to go`);
  if (pausedReason !== null) now.push(`paused (${pausedReason})`);
  return now.join(', ');
}

export function exitCodeOf({ status }: Pick<JobStatus, 'status'>): ExitCode {
  if (status === 'SUCCESS') return EXIT.ok;
  return status === 'IN_PROGRESS' ? EXIT.tryLater : EXIT.failure;
}
