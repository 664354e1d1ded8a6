import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it writes down what it is asked to keep. */
await serveBroken((store) => ({
  ...store,
  accept(request) {
    console.log(JSON.stringify(request));
    return store.accept(request);
  },
}));
