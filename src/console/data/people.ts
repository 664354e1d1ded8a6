import { useInfiniteQuery, useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ConnectionState } from '../../client/connections.ts';
import type { DirectoryPerson } from '../../client/people.ts';
import type { Preferences } from '../../client/people-documents.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';
import { saveAs } from './save-as.ts';

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

/** Out of the directory, or out of everything the bot has. */
export function useForget() {
  const { people, erasures } = useClient();
  const botId = useBotId();
  const queries = useQueryClient();
  const after = async <T>(personId: string, done: Promise<T>): Promise<T> => {
    const answer = await done;
    queries.removeQueries({ queryKey: ['bots', botId, 'person', personId] });
    await queries.invalidateQueries({ queryKey: ['bots', botId, 'people'] });
    return answer;
  };
  return {
    remove: (personId: string) => after(personId, people.remove({ botId, personId })),
    erase: (personId: string) => after(personId, erasures.begin({ botId, person: personId })),
  };
}

/** Over which connections somebody would be reached, and why not over the others; asked without sending anything. */
export function useReach(person: DirectoryPerson, connections: readonly ConnectionState[]) {
  const { notifications } = useClient();
  const botId = useBotId();
  return useQueries({
    queries: connections.map(({ id, channel }) => {
      const identity = BY_PHONE.has(channel) ? (person.phone ?? null) : identityOf(person);
      return {
        queryKey: ['bots', botId, 'reach', identity, id],
        queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Unreached | null> => {
          if (identity === null)
            return { reason: 'No phone number is known', hint: 'Import one, and they can be reached here.' };
          const message = { type: 'text', val: 'Hello' } as const;
          const body = { channel, connection: id, message, recipients: [identity] };
          const { failing } = await notifications.rehearse({ botId, body, signal });
          return failing[0] ?? null;
        },
      };
    }),
  });
}

/** Why somebody is not reached, and what to do about it. */
interface Unreached {
  readonly reason: string;
  readonly hint: string;
}

const BY_PHONE: ReadonlySet<string> = new Set(['whatsapp', 'sms']);

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

/** Puts everybody into a file, however many. */
export function useExportPeople() {
  const client = useClient();
  const botId = useBotId();
  return useMutation({
    mutationFn: async () => {
      const stream = await client.exportPeople({ botId, mediaType: 'text/csv' });
      saveAs(`people-${botId}.csv`, await new Response(stream).blob());
    },
  });
}

/** By which of their names somebody is written to. */
export const identityOf = ({ id, email, upn, phone, identities }: DirectoryPerson): string =>
  email ?? upn ?? phone ?? identities?.[0] ?? id;

export const nameOf = (person: DirectoryPerson): string => person.name ?? identityOf(person);
