import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it keeps to the limits of conversations by itself, whatever others send to them. */
await serveBroken((store) => ({
  ...store,
  reserveCalls: async ({ asks }) => asks.map(({ wants }) => ({ granted: wants, waitMs: 0 })),
}));
