import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { SendBody } from '../../client/send-documents.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

/** What a notification would come to, asked anew whenever it is another; null: there is nothing to ask about yet. */
export function useRehearsal(body: SendBody | null) {
  const { notifications } = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: ['bots', botId, 'rehearsal', body],
    queryFn: ({ signal }) => notifications.rehearse({ botId, body: body as SendBody, signal }),
    enabled: body !== null,
    placeholderData: keepPreviousData,
  });
}
