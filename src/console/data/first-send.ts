import { useMutation } from '@tanstack/react-query';
import type { SendBody } from '../../client/send-documents.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

/** Sends one message and answers what became of it. */
export function useFirstSend() {
  const client = useClient();
  const botId = useBotId();
  return useMutation({
    mutationFn: async (body: SendBody) => {
      const { id: notificationId } = await client.notifications.send({ botId, body });
      for await (const { event } of client.events({ botId, notificationId })) if (event === 'end') break;
      const { recipients } = await client.recipientPage({ botId, notificationId, limit: 1 });
      return { notificationId, recipient: recipients[0] ?? null };
    },
  });
}
