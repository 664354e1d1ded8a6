import { StoreUnavailable } from '../../src/store/port/errors.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: what the store could not take is acknowledged all the same. */
await serveBroken((store) => ({
  ...store,
  accept: (request) =>
    store.accept(request).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return { kind: 'accepted' };
      throw error;
    }),
}));
