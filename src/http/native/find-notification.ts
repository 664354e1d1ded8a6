import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { isId } from '../../model/ids.ts';
import type { NotificationStatus } from '../../model/notification.ts';
import type { NotificationKey, Store } from '../../store/port.ts';
import { callerOf } from '../auth/gate.ts';
import { BOT_ID, closed, NOTIFICATION_ID } from '../contract/fields.ts';
import { Fault } from '../faults.ts';
import { findReceiving } from './audience/find-audience.ts';

export const OF_NOTIFICATION = closed({ botId: BOT_ID, notificationId: NOTIFICATION_ID });

export interface OfNotification {
  readonly Params: Static<typeof OF_NOTIFICATION>;
}

/** The notification of the route; null: it cannot be one. */
export function keyOfRoute(request: FastifyRequest<OfNotification>): NotificationKey | null {
  const { notificationId } = request.params;
  return isId('ds', notificationId) ? { botId: callerOf(request).bot.id, notificationId } : null;
}

/** The notification of the route, once its recipients are known. Another bot's is as unknown as one that does not exist. */
export async function findNotification(
  store: Pick<Store, 'findNotification' | 'findAudience'>,
  request: FastifyRequest<OfNotification>,
): Promise<NotificationStatus> {
  const key = keyOfRoute(request);
  const found = key === null ? null : await store.findNotification(key);
  if (found !== null) return found;
  throw new Fault((await findReceiving(store, key)) === null ? 'notification_unknown' : 'audience_unsealed');
}
