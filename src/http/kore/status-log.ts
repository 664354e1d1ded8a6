import { logId, messageId, personId } from '../../model/ids.ts';
import type { Log, NotificationStatus } from '../../model/notification.ts';
import { identityKey } from '../../model/person.ts';
import { REASONS, SUCCESS_COMMENT } from '../../model/reasons.ts';

/** One log of a v1 status. Success and failure differ in their keys and in the order of them, as live replies do. */
export function writeLogV1(notification: NotificationStatus, log: Log): object {
  const { id, botId, createdBy, channelSpelling } = notification;
  if (log.state !== 'delivered') {
    return {
      _id: logId(id, log.seq),
      requestId: id,
      originalId: log.identity,
      status: 'FAILURE',
      createdBy,
      comments: failureComment(log),
      streamId: botId,
      channel: channelSpelling,
      createdOn: toIso(log.at),
      __v: 0,
    };
  }
  return {
    _id: logId(id, log.seq),
    requestId: id,
    createdBy,
    channel: channelSpelling,
    comments: SUCCESS_COMMENT,
    streamId: botId,
    koreId: koreId(botId, log),
    channelId: log.channelId ?? log.identity,
    messagestoreId: messageId(id, log.seq),
    originalId: log.identity,
    status: 'SUCCESS',
    createdOn: toIso(log.at),
    __v: 0,
  };
}

/** One log of a v2 status, in the order its documentation shows. */
export function writeLogV2(notification: NotificationStatus, log: Log): object {
  const { id, botId, createdBy, channelSpelling } = notification;
  const head = { _id: logId(id, log.seq), streamId: botId };
  const tail = { originalId: log.identity, requestId: id };
  if (log.state !== 'delivered') {
    return {
      ...head,
      comments: failureComment(log),
      channel: channelSpelling,
      ...tail,
      status: 'FAILURE',
      createdBy,
      createdOn: toIso(log.at),
      __v: 0,
    };
  }
  return {
    ...head,
    messagestoreId: messageId(id, log.seq),
    comments: SUCCESS_COMMENT,
    koreId: koreId(botId, log),
    channelId: log.channelId ?? log.identity,
    channel: channelSpelling,
    ...tail,
    status: 'SUCCESS',
    createdBy,
    createdOn: toIso(log.at),
    __v: 0,
  };
}

function failureComment({ reason, detail }: Log): string {
  const comment = REASONS[reason ?? 'internal_error'];
  return detail === null || reason === 'not_associated' ? comment : `${comment}: ${detail}`;
}

/** A success always names a person. One that is in no directory gets the id it would have there. */
function koreId(botId: string, log: Log): string {
  return log.personId ?? personId(botId, identityKey(log.identity));
}

const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
