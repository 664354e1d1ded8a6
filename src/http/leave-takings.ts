import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../model/clock.ts';

/** How connections end that callers did not end themselves. */
export interface LeaveTakings {
  readonly clock: Clock;
  /** What is left of a body whose call is answered already, ms. */
  readonly restOfBodyMs: number;
  readonly isDraining: () => boolean;
}

export function takeLeave(app: FastifyInstance, { clock, restOfBodyMs, isDraining }: LeaveTakings): void {
  app.addHook('onSend', async (_request, reply) => {
    if (isDraining()) reply.header('connection', 'close');
  });
  // Refused before its body was read, a caller could trickle the rest for as long as the longest upload may take.
  app.addHook('onResponse', async ({ raw }) => {
    if (raw.complete || raw.destroyed) return;
    const { socket } = raw;
    const cancel = clock.after(restOfBodyMs, () => socket.destroy());
    const settle = () => {
      cancel();
      raw.off('end', settle);
      socket.off('close', settle);
    };
    // A request that was answered already hears nothing of the end of its connection.
    raw.once('end', settle);
    socket.once('close', settle);
  });
  // Connections that the kernel has made and nobody has taken yet are reset when the server stops listening; each turn
  // takes one.
  app.addHook('preClose', async () => {
    for (let turn = 0; turn < LAST_TURNS; turn += 1) await setImmediate();
  });
}

const LAST_TURNS = 20;
