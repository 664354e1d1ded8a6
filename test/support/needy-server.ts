import { open } from 'node:fs/promises';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it opens a file for each call. */
await serveBroken((store) => ({
  ...store,
  async accept(request) {
    const file = await open('/dev/null');
    await file.close();
    return store.accept(request);
  },
}));
