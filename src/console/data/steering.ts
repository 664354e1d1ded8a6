import { useQueryClient } from '@tanstack/react-query';
import type { RetryAsked } from '../../client/steering-documents.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

/** What can be done to a notification that is accepted. Whatever it was, its page is looked up anew. */
export function useSteering(notificationId: string) {
  const client = useClient();
  const queries = useQueryClient();
  const botId = useBotId();
  const which = { botId, notificationId };
  const then = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    const said = await answer;
    await queries.invalidateQueries({ queryKey: ['bots', botId] });
    return said;
  };
  return {
    pause: () => then(client.pause(which)),
    resume: () => then(client.resume(which)),
    cancel: () => then(client.cancel(which)),
    recall: () => then(client.recall(which)),
    retry: (body: RetryAsked) => then(client.retry({ ...which, body })),
    /** ISO 8601; null: at once. */
    reschedule: (sendAt: string | null) => then(client.reschedule({ ...which, body: { sendAt } })),
    edit: (text: string) => then(client.edit({ ...which, message: { type: 'text', val: text } })),
    extend: (expiresAt: string) => then(client.extend({ ...which, body: { expiresAt } })),
  };
}
