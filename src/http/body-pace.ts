import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../model/clock.ts';
import { Fault } from './faults.ts';

export interface BodyPace {
  readonly bodyWindowMs: number;
  /** That a body brings in each window, unless it ends in it. */
  readonly minWindowBytes: number;
}

/**
 * Answers 408 to whoever trickles a body. Not by the time it takes: a directory of a gigabyte may take an hour and is
 * welcome as long as it moves.
 */
export function expectPace(app: FastifyInstance, clock: Clock, { bodyWindowMs, minWindowBytes }: BodyPace): void {
  app.addHook('preParsing', async ({ raw }: FastifyRequest, reply) => {
    if (raw.complete) return;
    // Hung up while the token was checked: its 'close' has been and gone, and nothing more will come.
    if (raw.destroyed) throw new Fault('request_malformed', 'the connection was closed before the body arrived');
    let seenBytes = raw.socket.bytesRead;
    const look = () => {
      const { bytesRead } = raw.socket;
      // What lies here unread waits for us, not for the caller.
      const isMoving = raw.readableLength > 0 || bytesRead - seenBytes >= minWindowBytes;
      seenBytes = bytesRead;
      if (isMoving) cancel = clock.after(bodyWindowMs, look);
      else if (!reply.sent) reply.header('connection', 'close').send(new Fault('body_too_slow'));
    };
    let cancel = clock.after(bodyWindowMs, look);
    const stop = () => cancel();
    raw.once('end', stop).once('close', stop);
  });
}
