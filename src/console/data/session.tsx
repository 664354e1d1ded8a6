import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use } from 'react';
import type { SessionOperator } from '../../client/session.ts';
import { hasRole, type Role } from '../../model/operator.ts';
import { isStatus, useClient } from './client.tsx';

const KEY = ['session'] as const;

/** Who is signed in; null: nobody. */
export function useSession() {
  const { session } = useClient();
  return useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => {
      try {
        return await session.get({ signal });
      } catch (error) {
        if (isStatus(error, 401)) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

export function useSessionOptions() {
  const { session } = useClient();
  return useQuery({ queryKey: ['session', 'options'], queryFn: ({ signal }) => session.options({ signal }) });
}

export function useSignIn() {
  const { session } = useClient();
  const queries = useQueryClient();
  return useMutation({ mutationFn: session.signIn, onSuccess: (found) => queries.setQueryData(KEY, found) });
}

export function useSetUp() {
  const { session } = useClient();
  const queries = useQueryClient();
  return useMutation({ mutationFn: session.setUp, onSuccess: (found) => queries.setQueryData(KEY, found) });
}

export function useSignInByLink() {
  const { session } = useClient();
  const queries = useQueryClient();
  return useMutation({ mutationFn: session.signInByLink, onSuccess: (found) => queries.setQueryData(KEY, found) });
}

export function useSignOut() {
  const { session } = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: session.signOut,
    // Nothing of what this operator saw is left for the next one.
    onSuccess: (onward) => {
      queries.setQueryData(KEY, null);
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
      if (onward !== null) window.location.assign(onward.location);
    },
  });
}

/** Leaves the console for the provider, which sends the browser back to this page. */
export function useLink() {
  const { session } = useClient();
  return useMutation({
    mutationFn: (provider: string) => session.beginLink({ provider, returnTo: window.location.pathname }),
    onSuccess: ({ location }) => window.location.assign(location),
  });
}

const OperatorContext = createContext<SessionOperator | null>(null);

export function OperatorProvider({
  operator,
  children,
}: {
  readonly operator: SessionOperator;
  readonly children: ReactNode;
}) {
  return <OperatorContext value={operator}>{children}</OperatorContext>;
}

export function useOperator(): SessionOperator {
  const operator = use(OperatorContext);
  if (operator === null) throw new Error('useOperator is called where nobody is signed in');
  return operator;
}

/** Whether the operator may do what takes this role. The server decides; this only keeps from offering what it refuses. */
export const useMay = (role: Role): boolean => hasRole(useOperator(), role);
