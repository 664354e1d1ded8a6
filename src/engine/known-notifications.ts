import type { Notification } from '../model/notification.ts';
import type { NotificationKey } from '../store/port/notifications.ts';
import type { Store } from '../store/port.ts';

const LIMIT = 1_000;

type Found = Promise<Notification | null>;

/**
 * What was asked changes by an extension only, of which one is told, so the batches of one notification read it once, and
 * those of one claim together.
 */
export class KnownNotifications {
  readonly #store: Pick<Store, 'findNotifications'>;
  readonly #known = new Map<string, Found>();
  /** What is read when everybody who asks in this moment has asked. */
  #next: { readonly keys: NotificationKey[]; readonly found: Promise<ReadonlyMap<string, Notification>> } | null = null;

  constructor(store: Pick<Store, 'findNotifications'>) {
    this.#store = store;
  }

  find({ botId, notificationId }: NotificationKey): Found {
    const key = nameOf(botId, notificationId);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const asked = this.#askWithOthers({ botId, notificationId }).then((found) => found.get(key) ?? null);
    this.#known.set(key, asked);
    asked.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > LIMIT && oldest !== undefined) this.#known.delete(oldest);
    return asked;
  }

  /** Its deadline is another from now on. */
  extend({ botId, notificationId }: NotificationKey, expiresAt: number): void {
    const key = nameOf(botId, notificationId);
    const known = this.#known.get(key);
    if (known === undefined) return;
    const extended = known.then((found) => found && { ...found, expiresAt, isExtended: true });
    this.#known.set(key, extended);
    extended.catch(() => this.#known.delete(key));
  }

  #askWithOthers(key: NotificationKey): Promise<ReadonlyMap<string, Notification>> {
    this.#next ??= this.#gather();
    this.#next.keys.push(key);
    return this.#next.found;
  }

  #gather() {
    const keys: NotificationKey[] = [];
    const found = Promise.resolve().then(async () => {
      this.#next = null;
      const notifications = await this.#store.findNotifications({ notifications: keys });
      return new Map(notifications.map((one) => [nameOf(one.botId, one.id), one] as const));
    });
    return { keys, found };
  }
}

const nameOf = (botId: string, id: string): string => `${botId}/${id}`;
