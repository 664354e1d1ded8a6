import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: while anything is urgent nothing else has a turn. */
await serveBroken((store) => ({
  ...store,
  async listQueues(request) {
    const states = await store.listQueues(request);
    const urgent = states.filter(({ queue }) => queue.lane === 'urgent');
    return urgent.length > 0 ? urgent : states;
  },
}));
