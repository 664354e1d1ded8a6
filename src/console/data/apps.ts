import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AppBody, ManagedApp } from '../../client/admin.ts';
import { useClient } from './client.tsx';

const KEY = ['apps'];
const MOST = 500;

/** All who may call, for whichever bot. */
export function useApps() {
  const { admin } = useClient();
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => admin.apps.list({ limit: MOST, signal }) });
}

export interface SaveApp {
  readonly clientId: string;
  readonly body: AppBody;
}

export function useSaveApp() {
  const { admin } = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ clientId, body }: SaveApp) => admin.apps.save(clientId, body),
    onSuccess: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}

export function useAppChanges() {
  const { admin } = useClient();
  const queries = useQueryClient();
  const then = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    const said = await answer;
    await queries.invalidateQueries({ queryKey: KEY });
    return said;
  };
  return {
    rotate: ({ clientId }: ManagedApp) => then(admin.apps.rotate(clientId)),
    remove: ({ clientId }: ManagedApp) => then(admin.apps.remove(clientId)),
  };
}
