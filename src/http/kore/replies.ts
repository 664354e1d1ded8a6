import type { Counts, Log, Notification, NotificationStatus } from '../../model/notification.ts';
import { logWriterV1, logWriterV2 } from './status-log.ts';

/** Kore's words for a whole notification. Whatever is unfinished, for whatever reason, reads IN_PROGRESS. */
export type KoreStatus = 'IN_PROGRESS' | 'SUCCESS' | 'FAILURE' | 'PARTIAL_SUCCESS';

/** The reply to an accepted send, in the key order of live replies. */
export function acceptedReply(notification: Notification): object {
  return {
    status: 'IN_PROGRESS',
    percentageComplete: 0,
    ...jobFields(notification),
    statusLogs: [],
    _id: notification.id,
    ...timeFields(notification, notification.createdAt),
  };
}

/** The status document of v1 as JSON, in the key order of live replies. */
export function statusReplyV1(notification: NotificationStatus, logs: readonly Log[]): string {
  return withLogs(logs.map(logWriterV1(notification)), (statusLogs) => ({
    _id: notification.id,
    status: koreStatus(notification.counts),
    percentageComplete: percentageComplete(notification.counts),
    ...jobFields(notification),
    statusLogs,
    ...timeFields(notification, notification.updatedAt),
    count: logs.length,
  }));
}

/** The status document of v2 as JSON: the logs and little more. */
export function statusReplyV2(notification: NotificationStatus, logs: readonly Log[]): string {
  return withLogs(logs.map(logWriterV2(notification)), (statusLogs) => ({
    statusLogs,
    count: logs.length,
    status: koreStatus(notification.counts),
    streamId: notification.botId,
  }));
}

/** Inside of a text its quotes would be escaped, so what is found is the list itself. */
function withLogs(written: readonly string[], document: (statusLogs: readonly never[]) => object): string {
  return JSON.stringify(document([])).replace('"statusLogs":[]', () => `"statusLogs":[${written.join(',')}]`);
}

function jobFields(notification: Notification): object {
  return {
    streamId: notification.botId,
    jobType: 'PROACTIVE_NOTIFICATIONS_API',
    action: 'PROACTIVE_NOTIFICATIONS',
    countOfDockStatuses: 1,
    createdBy: notification.createdBy,
    store: { identitiesCount: notification.total },
  };
}

/** `lMod` is in whole seconds; the other two keep their milliseconds. */
function timeFields(notification: Notification, changedAt: number): object {
  const createdOn = toIso(notification.createdAt);
  const lMod = toIso(Math.floor(changedAt / 1000) * 1000);
  return { lMod, createdOn, requestedTime: createdOn, __v: 0 };
}

export function koreStatus(counts: Counts): KoreStatus {
  if (counts.pending > 0) return 'IN_PROGRESS';
  if (counts.delivered === counts.total) return 'SUCCESS';
  return counts.delivered === 0 ? 'FAILURE' : 'PARTIAL_SUCCESS';
}

/** Rounded down, so that 100 is said only when everything is final. */
export function percentageComplete({ pending, total }: Counts): number {
  return Math.floor((100 * (total - pending)) / total);
}

const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
