import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import type { JobStatus } from '../client/documents.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Progress } from './progress.ts';

/** Two calls a second, of the ten a second that a bot is allowed. */
const POLL_MS = 500;

export interface Watch {
  readonly client: Client;
  readonly botId: string;
  readonly requestId: string;
  readonly progress: Progress;
  readonly pollMs?: number;
}

/** Asks until the notification is over; answers its final document. */
export async function watchUntilDone({
  client,
  botId,
  requestId,
  progress,
  pollMs = POLL_MS,
}: Watch): Promise<JobStatus> {
  try {
    for (;;) {
      const job = await client.status({ botId, requestId });
      progress.update(job.count, job.store.identitiesCount, outcomeNote(job));
      if (job.status !== 'IN_PROGRESS') return job;
      await sleep(pollMs);
    }
  } finally {
    progress.stop();
  }
}

/** `998 delivered, 2 failed`. */
export function outcomeNote({ statusLogs, count }: JobStatus): string {
  const delivered = statusLogs.filter((log) => log.status === 'SUCCESS').length;
  return `${delivered} delivered, ${count - delivered} failed`;
}

export function exitCodeOf({ status }: Pick<JobStatus, 'status'>): ExitCode {
  if (status === 'SUCCESS') return EXIT.ok;
  return status === 'IN_PROGRESS' ? EXIT.tryLater : EXIT.failure;
}
