import { useQuery } from '@tanstack/react-query';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

const POLL_MS = 5_000;

export function useOverview(minutes: number) {
  const client = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: ['bots', botId, 'overview', minutes],
    queryFn: ({ signal }) => client.overview({ botId, minutes, signal }),
    refetchInterval: POLL_MS,
    placeholderData: (before) => before,
  });
}

/** How it went; asked for again while it goes on. */
export function useTimeline(notificationId: string, isRunning: boolean) {
  const client = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: ['bots', botId, 'notification', notificationId, 'timeline', { isRunning }],
    queryFn: ({ signal }) => client.timeline({ botId, notificationId, signal }),
    refetchInterval: isRunning ? POLL_MS : false,
    placeholderData: (before) => before,
  });
}
