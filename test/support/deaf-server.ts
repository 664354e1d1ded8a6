import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: its workers never ask whether what they hold was cancelled. */
await serveBroken((store) => ({ ...store, listCancelled: async () => [] }));
