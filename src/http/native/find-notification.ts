import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { endedForNobody } from '../../model/audience.ts';
import { isId } from '../../model/ids.ts';
import type { NotificationStatus, NotificationSummary } from '../../model/notification.ts';
import type { Audience } from '../../store/port/audiences.ts';
import type { NotificationKey } from '../../store/port/notifications.ts';
import type { Store } from '../../store/port.ts';
import { callerOf } from '../auth/gate.ts';
import { BOT_ID, closed, NOTIFICATION_ID } from '../contract/fields.ts';
import { Fault, type FaultName } from '../faults.ts';

export const OF_NOTIFICATION = closed({ botId: BOT_ID, notificationId: NOTIFICATION_ID });

export interface OfNotification {
  readonly Params: Static<typeof OF_NOTIFICATION>;
}

/** How `findNotification` refuses. */
export const OF_SENT = ['notification_unknown', 'audience_unsealed', 'audience_empty'] as const satisfies FaultName[];
/** And `findTold`. */
export const OF_TOLD = ['notification_unknown', 'audience_unsealed'] as const satisfies FaultName[];

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
  return requireSent(await findEither(store, keyOfRoute(request)));
}

function requireSent(found: NotificationStatus | Audience | null): NotificationStatus {
  if (found === null) throw new Fault('notification_unknown');
  if ('asked' in found) throw new Fault(found.state === 'empty' ? 'audience_empty' : 'audience_unsealed');
  return found;
}

/** The same, or the end of one that nobody was found for. */
export async function findTold(
  store: Pick<Store, 'findNotification' | 'findAudience'>,
  request: FastifyRequest<OfNotification>,
): Promise<NotificationSummary> {
  const found = await findEither(store, keyOfRoute(request));
  if (found !== null && 'asked' in found && found.finishedAt !== null)
    return endedForNobody(found.asked, found.finishedAt);
  return requireSent(found);
}

/** The notification, or the audience that becomes one when it is sealed. Null: there is neither. */
export async function findEither(
  store: Pick<Store, 'findNotification' | 'findAudience'>,
  key: NotificationKey | null,
): Promise<NotificationStatus | Audience | null> {
  if (key === null) return null;
  const found = (await store.findNotification(key)) ?? (await store.findAudience(key));
  // It may have been sealed between the two looks.
  return found ?? store.findNotification(key);
}
