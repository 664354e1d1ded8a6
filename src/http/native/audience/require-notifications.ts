import { isId } from '../../../model/ids.ts';
import type { Store } from '../../../store/port.ts';
import type { SendBody } from '../send-body.ts';
import { show, wrong } from '../wrong.ts';

/** Whose recipients are to be left out has to be known by now. */
export async function requireNotifications(
  { exclude }: Pick<SendBody, 'exclude'>,
  { store, botId }: { readonly store: Pick<Store, 'findSummaries' | 'findAudience'>; readonly botId: string },
): Promise<void> {
  const ids = exclude?.notifications ?? [];
  const notifications = ids.filter((id) => isId('ds', id)).map((id) => ({ botId, notificationId: id }));
  const found = notifications.length === 0 ? [] : await store.findSummaries({ notifications });
  for (const [index, id] of ids.entries()) {
    if (found.some((notification) => notification.id === id)) continue;
    const audience = await store.findAudience({ botId, notificationId: id });
    const what = audience === null ? 'there is no such notification' : 'it is not known yet who it is for';
    throw wrong(`/exclude/notifications/${index}`, `${show(id)}: ${what}`);
  }
}
