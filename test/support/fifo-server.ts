import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: whoever came first is served first, whatever came after and from whom. */
await serveBroken((store) => ({
  ...store,
  async listQueues(request) {
    const states = await store.listQueues(request);
    return states.toSorted((one, other) => one.dueInMs - other.dueInMs).slice(0, 1);
  },
}));
