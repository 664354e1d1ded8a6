import { useQuery } from '@tanstack/react-query';
import type { ConnectionState } from '../../client/connections.ts';
import { channelName } from '../parts/channel.tsx';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

export function useConnections() {
  const { connections } = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: ['bots', botId, 'connections'],
    queryFn: async ({ signal }) => (await connections.list({ botId, signal })).connections,
  });
}

/** What people call it: its channel, and its name where a bot has several of the channel. */
export const connectionName = ({ channel, name }: Pick<ConnectionState, 'channel' | 'name'>): string =>
  name === null ? channelName(channel) : `${channelName(channel)} · ${name}`;
