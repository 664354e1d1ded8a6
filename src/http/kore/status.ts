import type { FastifyReply, FastifyRequest } from 'fastify';
import { isId } from '../../model/ids.ts';
import type { Log, NotificationStatus } from '../../model/notification.ts';
import type { Store } from '../../store/port.ts';
import { MAX_IDENTITIES } from '../accept/asked.ts';
import { callerOf } from '../auth/gate.ts';
import { Fault } from '../faults.ts';
import { FinishedDocuments } from './finished-documents.ts';

type StatusWriter = (notification: NotificationStatus, logs: readonly Log[]) => string;

/** A handler of a status call. The look-up is by bot and id, so another bot's notification is as unknown as none. */
export function createStatus(write: StatusWriter, store: Pick<Store, 'findNotification' | 'listLogs'>) {
  const finished = new FinishedDocuments();
  return async function answerStatus(
    request: FastifyRequest<{ Params: { requestId: string } }>,
    reply: FastifyReply,
  ): Promise<Buffer> {
    const { requestId } = request.params;
    if (!isId('ds', requestId)) throw new Fault('notification_unknown');
    const key = { botId: callerOf(request).bot.id, notificationId: requestId };
    const notification = await store.findNotification(key);
    // Kore's document holds all logs at once, which suits what came through its own routes and nothing larger.
    if (notification === null || notification.api === 'native') throw new Fault('notification_unknown');

    reply.type('application/json; charset=utf-8');
    const known = finished.find(notification);
    if (known !== null) return known;
    // Read after the counters, so that a finished notification never lacks a log.
    const logs = await store.listLogs({ ...key, afterSeq: -1, limit: MAX_IDENTITIES });
    const document = Buffer.from(write(notification, logs));
    finished.keep(notification, document);
    return document;
  };
}
