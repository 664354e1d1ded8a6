import { useInfiniteQuery } from '@tanstack/react-query';
import { useClient } from './client.tsx';
import { saveAs } from './save-as.ts';

const PAGE = 100;

/** Who changed what; `botId` null: what is of no one bot. Newest first. */
export function useAudit(botId: string | null) {
  const { admin } = useClient();
  return useInfiniteQuery({
    queryKey: ['audit', botId],
    queryFn: ({ pageParam, signal }) =>
      admin.audit({ botId, limit: PAGE, signal, ...(pageParam !== null && { cursor: pageParam }) }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
}

/** The whole chain from its first entry on, so that anybody can check it. */
export function useAuditExport(botId: string | null) {
  const { admin } = useClient();
  return async (): Promise<void> => {
    const stream = await admin.exportAudit({ botId });
    saveAs(`audit-${botId ?? 'server'}.ndjson`, await new Response(stream).blob());
  };
}
