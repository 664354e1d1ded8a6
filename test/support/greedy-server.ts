import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it takes all of every limit, whatever others have. */
await serveBroken((store) => ({
  ...store,
  shareRates: async ({ asks }) => asks.map(({ calls }) => ({ calls, fair: calls, slowed: null, holds: [] })),
}));
