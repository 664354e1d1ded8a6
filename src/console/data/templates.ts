import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { TemplateDefinition } from '../../client/template-documents.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

const PAGE = 100;

const listKey = (botId: string) => ['bots', botId, 'templates'];
const oneKey = (botId: string, name: string) => ['bots', botId, 'template', name];

/** Those in use, by name. */
export function useTemplates() {
  const { templates } = useClient();
  const botId = useBotId();
  return useInfiniteQuery({
    queryKey: listKey(botId),
    queryFn: ({ pageParam, signal }) =>
      templates.list({ botId, limit: PAGE, signal, ...(pageParam !== null && { cursor: pageParam }) }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
}

/** Null version: the newest. Null name: none is asked for. */
export function useTemplate(name: string | null, version: number | null) {
  const { templates } = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: [...oneKey(botId, name ?? ''), version ?? 'newest'],
    queryFn: ({ signal }) => templates.get({ botId, name: name ?? '', signal, ...(version !== null && { version }) }),
    enabled: name !== null,
  });
}

export function useTemplateVersions(name: string) {
  const { templates } = useClient();
  const botId = useBotId();
  return useInfiniteQuery({
    queryKey: [...oneKey(botId, name), 'versions'],
    queryFn: ({ pageParam, signal }) =>
      templates.versions({ botId, name, limit: PAGE, signal, ...(pageParam !== null && { cursor: pageParam }) }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
}

export interface TemplateEdit {
  readonly name: string;
  readonly definition: TemplateDefinition;
  /** The version it was made from, so that nobody's work is written over; 0: there is to be none of that name. */
  readonly expected: number;
}

export function useSaveTemplate() {
  const { templates } = useClient();
  const botId = useBotId();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (edit: TemplateEdit) => templates.put({ botId, ...edit }),
    onSuccess: (_, { name }) => forget(queries, botId, name),
  });
}

export function useArchiveTemplate() {
  const { templates } = useClient();
  const botId = useBotId();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => templates.archive({ botId, name }),
    onSuccess: (_, name) => forget(queries, botId, name),
  });
}

async function forget(queries: ReturnType<typeof useQueryClient>, botId: string, name: string): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: listKey(botId) }),
    queries.invalidateQueries({ queryKey: oneKey(botId, name) }),
  ]);
}
