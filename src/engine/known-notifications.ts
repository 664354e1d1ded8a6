import type { Notification } from '../model/notification.ts';
import type { NotificationKey, Store } from '../store/port.ts';

const LIMIT = 1_000;

/** What was asked never changes, so the batches of one notification read it once. */
export class KnownNotifications {
  readonly #store: Pick<Store, 'findNotification'>;
  readonly #known = new Map<string, Promise<Notification | null>>();

  constructor(store: Pick<Store, 'findNotification'>) {
    this.#store = store;
  }

  find({ botId, notificationId }: NotificationKey): Promise<Notification | null> {
    const key = `${botId}/${notificationId}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const asked = this.#store.findNotification({ botId, notificationId });
    this.#known.set(key, asked);
    asked.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > LIMIT && oldest !== undefined) this.#known.delete(oldest);
    return asked;
  }
}
