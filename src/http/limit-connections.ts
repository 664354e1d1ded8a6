import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../model/clock.ts';
import type { RefusalTally } from './refusal-tally.ts';

const MAKE_ROOM_EVERY_MS = 1_000;

/**
 * Connections there may be at once: each costs memory and a descriptor, whatever it is used for. When all are taken,
 * those between two calls give way, so that silent callers cannot keep others out.
 */
export function limitConnections(
  server: Server,
  max: number,
  { clock, tally }: { readonly clock: Clock; readonly tally: RefusalTally },
): void {
  let open = 0;
  let roomMadeAt = Number.NEGATIVE_INFINITY;
  // Counted here, since a server knows only of those that came through its own door.
  server.prependListener('connection', (socket: Socket) => {
    if (open < max) {
      open += 1;
      socket.once('close', () => {
        open -= 1;
      });
      return;
    }
    socket.destroy();
    tally.add({ status: null, route: 'connection', botId: null });
    if (clock.monotonic() - roomMadeAt < MAKE_ROOM_EVERY_MS) return;
    roomMadeAt = clock.monotonic();
    server.closeIdleConnections();
  });
}
