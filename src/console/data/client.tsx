import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createContext, type ReactNode, use } from 'react';
import { type Client, createClient } from '../../client/client.ts';
import { ClientError } from '../../client/client-error.ts';

const ClientContext = createContext<Client | null>(null);

/** The client repeats what is worth repeating itself, so nothing here does it again. */
const createQueries = () =>
  new QueryClient({
    defaultOptions: {
      queries: { retry: false, staleTime: 2_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });

export function ClientProvider({ children }: { readonly children: ReactNode }) {
  return (
    <ClientContext value={client}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </ClientContext>
  );
}

const queries = createQueries();
/** The cookie of the session says who calls. */
const client = createClient({ url: window.location.origin, token: null });

export function useClient(): Client {
  const found = use(ClientContext);
  if (found === null) throw new Error('useClient is called outside ClientProvider');
  return found;
}

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ClientError && error.status === status;
