import { useInfiniteQuery } from '@tanstack/react-query';
import type { RecipientFilter } from '../../client/recipient-documents.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';
import { saveAs } from './save-as.ts';

const PAGE = 200;

/** Those whose delivery has ended. `version` changes when more have, so that what is shown is looked up anew. */
export function useRecipients(notificationId: string, filter: RecipientFilter, version: string) {
  const client = useClient();
  const botId = useBotId();
  return useInfiniteQuery({
    queryKey: ['bots', botId, 'notification', notificationId, 'recipients', filter, version],
    queryFn: ({ pageParam, signal }) =>
      client.recipientPage({
        botId,
        notificationId,
        filter,
        limit: PAGE,
        signal,
        ...(pageParam !== null && { cursor: pageParam }),
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: (before) => before,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

const FORMATS = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const;
export type ExportFormat = keyof typeof FORMATS;

/** Puts everybody who fits the filter into a file, however many. */
export function useExport(notificationId: string, filter: RecipientFilter) {
  const client = useClient();
  const botId = useBotId();
  return async (format: ExportFormat): Promise<void> => {
    const stream = await client.exportRecipients({ botId, notificationId, filter, mediaType: FORMATS[format] });
    saveAs(`recipients-${notificationId}.${format}`, await new Response(stream).blob());
  };
}
