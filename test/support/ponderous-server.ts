import { serveBroken } from './broken-server.ts';
import { watchLoop } from './watch-loop.ts';

/** A watched server with one deliberate fault: it thinks about everything it accepts, and does nothing else meanwhile. */
watchLoop();
await serveBroken((store) => ({
  ...store,
  accept(request) {
    for (const startedAt = performance.now(); performance.now() - startedAt < 100; );
    return store.accept(request);
  },
}));
