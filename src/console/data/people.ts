import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Preferences } from '../../client/documents.ts';
import type { DirectoryPerson } from '../../client/people.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

const PAGE = 50;

/** Whoever has an identity or a name that begins like this; empty: everybody. */
export function usePeople(prefix: string) {
  const { people } = useClient();
  const botId = useBotId();
  return useInfiniteQuery({
    queryKey: ['bots', botId, 'people', prefix],
    queryFn: ({ pageParam, signal }) =>
      people.list({
        botId,
        limit: PAGE,
        signal,
        ...(prefix !== '' && { q: prefix }),
        ...(pageParam !== null && { cursor: pageParam }),
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
}

export function usePerson(personId: string) {
  const { people } = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: ['bots', botId, 'person', personId],
    queryFn: ({ signal }) => people.get({ botId, personId, signal }),
  });
}

export function useForget() {
  const { people } = useClient();
  const botId = useBotId();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (personId: string) => people.remove({ botId, personId }),
    onSuccess: async (_, personId) => {
      queries.removeQueries({ queryKey: ['bots', botId, 'person', personId] });
      await queries.invalidateQueries({ queryKey: ['bots', botId, 'people'] });
    },
  });
}

const preferencesKey = (botId: string, personId: string) => ['bots', botId, 'person', personId, 'preferences'];

export function usePreferences(personId: string) {
  const { preferences } = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: preferencesKey(botId, personId),
    queryFn: ({ signal }) => preferences.get({ botId, personId, signal }),
  });
}

/** Replaces what the person declined before. */
export function useSavePreferences(personId: string) {
  const { preferences } = useClient();
  const botId = useBotId();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (optOuts: Preferences['optOuts']) => preferences.put({ botId, personId, optOuts }),
    onSuccess: (saved) => queries.setQueryData(preferencesKey(botId, personId), saved),
  });
}

/** By which of their names somebody is written to. */
export const identityOf = ({ id, email, upn, phone, identities }: DirectoryPerson): string =>
  email ?? upn ?? phone ?? identities?.[0] ?? id;

export const nameOf = (person: DirectoryPerson): string => person.name ?? identityOf(person);
