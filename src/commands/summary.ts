import type { JobStatus } from '../client/kore-documents.ts';

/** What became of a notification, for a person: the head line, then how often each thing was said of a recipient. */
export function summarize(job: JobStatus): string {
  const head = `${job.status}  ${job.percentageComplete} %  ${job.count} of ${job.store.identitiesCount} recipients  ${job._id}`;
  return [head, ...countComments(job)].join('\n');
}

function countComments({ statusLogs }: JobStatus): string[] {
  const groups = Object.entries(Object.groupBy(statusLogs, (log) => `${log.status}  ${log.comments}`));
  const rows = groups.map(([words, logs = []]) => ({ words, count: logs.length, example: logs[0]?.originalId ?? '' }));
  rows.sort((a, b) => b.count - a.count);
  return rows.map(({ words, count, example }) => `${String(count).padStart(6)}  ${words}  (such as ${example})`);
}
