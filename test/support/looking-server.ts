import { serveBroken } from './broken-server.ts';

/** A server without a fault that says whenever it begins to look for work: what it found before has been claimed by then. */
await serveBroken((store) => ({
  ...store,
  listQueues(request) {
    console.log('looks for work');
    return store.listQueues(request);
  },
}));
