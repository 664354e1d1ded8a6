import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { isId } from '../../model/ids.ts';
import type { NotificationStatus } from '../../model/notification.ts';
import type { Store } from '../../store/port.ts';
import { callerOf } from '../auth/gate.ts';
import { BOT_ID, closed, NOTIFICATION_ID } from '../contract/fields.ts';
import { Fault } from '../faults.ts';

export const OF_NOTIFICATION = closed({ botId: BOT_ID, notificationId: NOTIFICATION_ID });

export interface OfNotification {
  readonly Params: Static<typeof OF_NOTIFICATION>;
}

/** The notification of the route. Another bot's is as unknown as one that does not exist. */
export async function findNotification(
  store: Pick<Store, 'findNotification'>,
  request: FastifyRequest<OfNotification>,
): Promise<NotificationStatus> {
  const { notificationId } = request.params;
  const key = { botId: callerOf(request).bot.id, notificationId };
  const found = isId('ds', notificationId) ? await store.findNotification(key) : null;
  if (found === null) throw new Fault('notification_unknown');
  return found;
}
