import { logId, messageId, personId } from '../../model/ids.ts';
import type { Log, NotificationStatus } from '../../model/notification.ts';
import { identityKey } from '../../model/person.ts';
import { explainReason, SUCCESS_COMMENT } from '../../model/reasons.ts';
import { rowWriter } from './json-rows.ts';

/** Writes logs of one notification as JSON. */
export type LogWriter = (log: Log) => string;

/** Logs of a v1 status. Success and failure differ in their keys and in the order of them, as live replies do. */
export function logWriterV1({ id, botId, createdBy, channelSpelling }: NotificationStatus): LogWriter {
  const failure = rowWriter<Log>({
    _id: (log) => logId(id, log.seq),
    requestId: id,
    originalId: (log) => log.identity,
    status: 'FAILURE',
    createdBy,
    comments: failureComment,
    streamId: botId,
    channel: channelSpelling,
    createdOn: timeWriter(),
    __v: 0,
  });
  const success = rowWriter<Log>({
    _id: (log) => logId(id, log.seq),
    requestId: id,
    createdBy,
    channel: channelSpelling,
    comments: SUCCESS_COMMENT,
    streamId: botId,
    koreId: (log) => koreId(botId, log),
    channelId: (log) => log.channelId ?? log.identity,
    messagestoreId: (log) => messageId(id, log.seq),
    originalId: (log) => log.identity,
    status: 'SUCCESS',
    createdOn: timeWriter(),
    __v: 0,
  });
  return (log) => (log.state === 'delivered' ? success(log) : failure(log));
}

/** Logs of a v2 status, in the order its documentation shows. */
export function logWriterV2({ id, botId, createdBy, channelSpelling }: NotificationStatus): LogWriter {
  const head = { _id: (log: Log) => logId(id, log.seq), streamId: botId };
  const origin = { originalId: (log: Log) => log.identity, requestId: id };
  const tail = { createdBy, createdOn: timeWriter(), __v: 0 };
  const failure = rowWriter<Log>({
    ...head,
    comments: failureComment,
    channel: channelSpelling,
    ...origin,
    status: 'FAILURE',
    ...tail,
  });
  const success = rowWriter<Log>({
    ...head,
    messagestoreId: (log) => messageId(id, log.seq),
    comments: SUCCESS_COMMENT,
    koreId: (log) => koreId(botId, log),
    channelId: (log) => log.channelId ?? log.identity,
    channel: channelSpelling,
    ...origin,
    status: 'SUCCESS',
    ...tail,
  });
  return (log) => (log.state === 'delivered' ? success(log) : failure(log));
}

/** What happened, what the provider said, and what to do about it: `meaning: detail [reason] hint`. */
function failureComment({ reason, detail }: Log): string {
  const code = reason ?? 'internal_error';
  const { meaning, hint } = explainReason(code);
  // Programs compare this one text of Kore's, so nothing is added to it.
  if (code === 'not_associated') return meaning;
  return `${meaning}${detail === null ? '' : `: ${detail}`} [${code}] ${hint}`;
}

/** A success always names a person. One that is in no directory gets the id it would have there. */
function koreId(botId: string, log: Log): string {
  return log.personId ?? personId(botId, identityKey(log.identity));
}

/** When a log was written, as ISO text. Logs are written many a second, and their second is spelled once. */
function timeWriter(): LogWriter {
  let second = Number.NaN;
  let start = '';
  return ({ at }) => {
    const own = Math.floor(at / 1000);
    if (own !== second) {
      second = own;
      start = new Date(own * 1000).toISOString().slice(0, -'000Z'.length);
    }
    return `${start}${String(at - own * 1000).padStart(3, '0')}Z`;
  };
}
