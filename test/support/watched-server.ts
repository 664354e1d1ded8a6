import { serveBroken } from './broken-server.ts';
import { watchLoop } from './watch-loop.ts';

/** A server without a fault that tells how late its event loop was. */
watchLoop();
await serveBroken((store) => store);
