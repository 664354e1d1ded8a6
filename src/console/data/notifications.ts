import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { NotificationSummary } from '../../client/notification-documents.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

/** Which notifications: of a channel, and those that are over or are not. */
export interface ListFilter {
  readonly channel: string | null;
  readonly finished: boolean | null;
}

const PAGE = 50;
/** While something runs. What is watched closer has a stream of its own. */
const POLL_MS = 3_000;

export const isRunning = ({ counts }: Pick<NotificationSummary, 'counts'>): boolean => counts.pending > 0;

export function useNotifications({ channel, finished }: ListFilter) {
  const { notifications } = useClient();
  const botId = useBotId();
  return useInfiniteQuery({
    queryKey: ['bots', botId, 'notifications', { channel, finished }],
    queryFn: ({ pageParam, signal }) =>
      notifications.list({
        botId,
        limit: PAGE,
        signal,
        ...(channel !== null && { channel }),
        ...(finished !== null && { finished }),
        ...(pageParam !== null && { cursor: pageParam }),
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.notifications.some(isRunning)) ? POLL_MS : false,
  });
}

export function useNotification(notificationId: string) {
  const client = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: ['bots', botId, 'notification', notificationId],
    queryFn: ({ signal }) => client.notification({ botId, notificationId, signal }),
  });
}
