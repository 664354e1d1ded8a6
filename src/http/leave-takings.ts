import type { IncomingMessage } from 'node:http';
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
  app.addHook('onResponse', async ({ raw }) => cutRestOfBody(raw, clock, restOfBodyMs));
  // Connections that the kernel has made and nobody has taken yet are reset when the server stops listening; each turn
  // takes one.
  app.addHook('preClose', async () => {
    for (let turn = 0; turn < LAST_TURNS; turn += 1) await setImmediate();
  });
}

/** Refused before its body was read, a caller could trickle the rest for as long as the longest upload may take. */
export function cutRestOfBody(call: IncomingMessage, clock: Clock, afterMs: number): void {
  if (call.complete || call.destroyed) return;
  const { socket } = call;
  const cancel = clock.after(afterMs, () => socket.destroy());
  const settle = () => {
    cancel();
    call.off('end', settle);
    socket.off('close', settle);
  };
  // A request that was answered already hears nothing of the end of its connection.
  call.once('end', settle);
  socket.once('close', settle);
}

const LAST_TURNS = 20;
