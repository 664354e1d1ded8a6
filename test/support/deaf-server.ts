import { serveBroken } from './broken-server.ts';
import { delay } from './delay.ts';

/**
 * A server with one deliberate fault: its workers never ask whether what they hold was cancelled. What waits is ended a
 * little later than usual, so that they have something to claim.
 */
await serveBroken((store) => ({
  ...store,
  listChanged: async () => [],
  endCancelled: async (request) => {
    await delay(100);
    return store.endCancelled(request);
  },
}));
