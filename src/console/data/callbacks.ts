import { useQuery } from '@tanstack/react-query';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

/** What programs were told of a notification; looked up anew when it has changed. */
export function useCallbacks(notificationId: string, version: string) {
  const client = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: ['bots', botId, 'notification', notificationId, 'callbacks', version],
    queryFn: ({ signal }) => client.callbacks({ botId, notificationId, signal }),
    placeholderData: (before) => before,
  });
}
