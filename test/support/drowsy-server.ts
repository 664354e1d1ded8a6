import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it looks for work every ten seconds, whatever it knows of what falls due. */
const EVERY_MS = 10_000;
let lookedAt = Number.NEGATIVE_INFINITY;
await serveBroken((store) => ({
  ...store,
  async listQueues(request) {
    if (performance.now() - lookedAt < EVERY_MS) return [];
    lookedAt = performance.now();
    return store.listQueues(request);
  },
}));
