import type { Audience } from '../../../store/port/audiences.ts';
import type { NotificationKey } from '../../../store/port/notifications.ts';
import type { Store } from '../../../store/port.ts';

/** The audience of a notification that is not sealed yet; null: there is none. */
export const findReceiving = async (
  store: Pick<Store, 'findAudience'>,
  key: NotificationKey | null,
): Promise<Audience | null> => (key === null ? null : store.findAudience(key));
