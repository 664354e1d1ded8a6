import type { Store } from '../../src/store/port.ts';

export interface Bug {
  readonly name: string;
  readonly around: (store: Store) => Store;
}

const HOUR_MS = 3_600_000;

/** Faults that the model must find, each in what the server asks of its store. */
export const BUGS: readonly Bug[] = [
  {
    name: 'a retry takes whoever was not reached, whatever their state',
    around: (store) => ({
      ...store,
      retry: (request) => store.retry({ ...request, states: ['failed', 'unknown', 'expired', 'suppressed'] }),
    }),
  },
  {
    name: 'of two deadlines the newer counts an hour less',
    around: (store) => ({
      ...store,
      extend: (request) => store.extend({ ...request, expiresAt: request.expiresAt - HOUR_MS }),
    }),
  },
  {
    name: 'nobody has declined anything',
    around: (store) => ({ ...store, listOptedOut: async () => [] }),
  },
  {
    name: 'whoever was resumed or sealed is never let go',
    around: (store) => ({ ...store, settlePauses: async () => 0 }),
  },
];
