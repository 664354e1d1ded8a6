import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { OperatorBody, OperatorChanges } from '../../client/admin.ts';
import { useClient } from './client.tsx';

const KEY = ['operators'];

/** All who may sign in, or may not any more. */
export function useOperators() {
  const { admin } = useClient();
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => admin.operators.list({ signal }) });
}

export function useOperatorChanges() {
  const { operators } = useClient().admin;
  const queries = useQueryClient();
  const then = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    const said = await answer;
    await queries.invalidateQueries({ queryKey: KEY });
    return said;
  };
  return {
    invite: (body: OperatorBody) => then(operators.invite(body)),
    inviteAgain: (id: string) => then(operators.inviteAgain(id)),
    change: (id: string, changes: OperatorChanges) => then(operators.change(id, changes)),
    signOut: (id: string) => then(operators.signOut(id)),
    unlink: (id: string) => then(operators.unlink(id)),
    remove: (id: string) => then(operators.remove(id)),
  };
}
