import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ConnectionBody, ManagedConnection } from '../../client/admin.ts';
import type { ConnectionState } from '../../client/connections.ts';
import { channelName } from '../parts/channel.tsx';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

const POLL_MS = 3_000;
const PAGE = 100;

/** How fast each sends at present, for whoever may look. */
export function useConnections() {
  const { connections } = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: ['bots', botId, 'connections'],
    queryFn: async ({ signal }) => (await connections.list({ botId, signal })).connections,
    refetchInterval: POLL_MS,
  });
}

/** What people call it: its channel, and its name where a bot has several of the channel. */
export const connectionName = ({ channel, name }: Pick<ConnectionState, 'channel' | 'name'>): string =>
  name === null ? channelName(channel) : `${channelName(channel)} · ${name}`;

/** One as it is configured, without its secrets; for admins. */
export function useManagedConnection(connectionId: string, isEnabled: boolean) {
  const { admin } = useClient();
  return useQuery({
    queryKey: ['connections', connectionId],
    queryFn: ({ signal }) => admin.connections.get(connectionId, { signal }),
    enabled: isEnabled,
  });
}

/** What each channel has to be told. Changes with the server only. */
export function useChannels() {
  const { admin } = useClient();
  return useQuery({
    queryKey: ['channels'],
    queryFn: ({ signal }) => admin.channels({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export interface CheckedConnection {
  readonly connection: ManagedConnection;
  readonly check: { readonly ok: boolean; readonly detail: string };
}

/** Saves it and asks the provider at once whether the credentials are good. */
export function useSaveConnection() {
  const { admin } = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: ConnectionBody): Promise<CheckedConnection> => {
      const connection = await admin.connections.save(body);
      return { connection, check: await admin.connections.check(connection.id) };
    },
    onSettled: (_answer, _error, { botId }) =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ['bots', botId, 'connections'] }),
        queries.invalidateQueries({ queryKey: ['connections'] }),
      ]),
  });
}

export function useCheckConnection(connectionId: string) {
  const { admin } = useClient();
  return useMutation({ mutationFn: () => admin.connections.check(connectionId) });
}

export function useRemoveConnection() {
  const { admin } = useClient();
  const queries = useQueryClient();
  return async (connectionId: string): Promise<void> => {
    await admin.connections.remove(connectionId);
    await queries.invalidateQueries({ queryKey: ['bots'] });
  };
}

export function useSuppressions(connectionId: string) {
  const { connections } = useClient();
  const botId = useBotId();
  return useInfiniteQuery({
    queryKey: ['bots', botId, 'connections', connectionId, 'suppressions'],
    queryFn: ({ pageParam, signal }) =>
      connections.suppressions({
        botId,
        connectionId,
        limit: PAGE,
        signal,
        ...(pageParam !== null && { cursor: pageParam }),
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
}

export function useLift(connectionId: string) {
  const { connections } = useClient();
  const queries = useQueryClient();
  const botId = useBotId();
  return async (identity: string): Promise<void> => {
    await connections.lift({ botId, connectionId, identity });
    await queries.invalidateQueries({ queryKey: ['bots', botId, 'connections', connectionId] });
  };
}
