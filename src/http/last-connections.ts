import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';

/** Whoever has connected, or has been answered, since then may be about to say something. */
const GRACE_MS = 500;
/** What calls in work may take once nobody is let in any more: less than a process that stops is given. */
const LAST_ANSWERS_MS = 5_000;
const LOOK_EVERY_MS = 100;

/** Of one connection. */
interface Use {
  calls: number;
  /** When it began, or its last call ended. */
  quietSince: number;
}

/**
 * A server that closes waits for every connection but those between two calls, and no longer looks for callers past their
 * time: one that connects and says nothing, as browsers do to be quick, or that trickles its call, would keep it. So
 * connections without a call are ended, and those with one when they had time enough. Call it when all other hooks of
 * `preClose` are there: what these answer still goes out.
 */
export function endLastConnections(
  app: FastifyInstance,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): void {
  const open = new Map<Socket, Use>();
  app.server.prependListener('connection', (socket: Socket) => {
    open.set(socket, { calls: 0, quietSince: clock.monotonic() });
    socket.once('close', () => open.delete(socket));
  });
  app.server.prependListener('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
    const use = open.get(socket);
    if (use === undefined) return;
    use.calls += 1;
    answer.once('close', () => {
      use.calls -= 1;
      use.quietSince = clock.monotonic();
    });
  });
  app.addHook('preClose', async () => {
    const cutAt = clock.monotonic() + LAST_ANSWERS_MS;
    const look = () => {
      const now = clock.monotonic();
      let cut = 0;
      for (const [socket, { calls, quietSince }] of open) {
        if (now >= cutAt) {
          cut += calls;
          socket.destroy();
        } else if (calls === 0 && now - quietSince >= GRACE_MS) socket.destroySoon();
      }
      if (cut > 0) logger.warn('calls cut off', { count: cut, detail: 'they were in work when all else was over' });
      if (open.size > 0) clock.after(LOOK_EVERY_MS, look);
    };
    look();
  });
}
