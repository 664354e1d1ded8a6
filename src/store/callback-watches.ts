import { NOTHING_TOLD } from '../model/callback.ts';
import type { Notification } from '../model/notification.ts';
import { execute, type Steps } from './steps.ts';

/** Part of the accept, or of finding that it is for nobody. */
export function* watchForCallback({ botId, id, options }: Pick<Notification, 'botId' | 'id' | 'options'>): Steps<void> {
  if (options?.callback === undefined) return;
  yield* execute(
    'INSERT INTO callback_watches (bot_id, notification_id, told) VALUES ($1, $2, $3)',
    botId,
    id,
    NOTHING_TOLD,
  );
}
