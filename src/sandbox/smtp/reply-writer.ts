import type { Socket } from 'node:net';
import { isProcessed } from '../answering.ts';
import type { Delays } from '../delays.ts';
import type { Fault } from '../faults.ts';

/** A reply without its line end, one line or several: `250 2.0.0 Ok`. */
export type Reply = string;

const GARBAGE = '\u0000<<<not smtp';
const TRICKLE_EVERY_MS = 100;
const HUGE_BYTES = 10 * 1024 * 1024;

/** Does a step of the conversation and answers it, or lets a fault have its way. The code; null: no whole answer. */
export async function reply(
  socket: Socket,
  run: () => Reply,
  fault: Fault | null,
  delays: Delays,
): Promise<number | null> {
  if (fault === null) return write(socket, run());
  if (fault.delayMs !== undefined) await delays.wait(fault.delayMs);
  const answer = isProcessed(fault) ? run() : '250 2.0.0 Ok';
  switch (fault.kind) {
    case 'slow':
      return write(socket, answer);
    case 'status':
      return write(
        socket,
        `${fault.status} ${typeof fault.body === 'string' ? fault.body : 'as the sandbox was told'}`,
      );
    case 'hang':
      return untilClosed(socket);
    case 'reset':
      socket.resetAndDestroy();
      return null;
    case 'cut':
      socket.write(answer.slice(0, answer.length / 2), () => socket.destroy());
      return untilClosed(socket);
    case 'garbage':
      write(socket, GARBAGE);
      return null;
    case 'trickle':
      return trickle(socket, `${answer}\r\n`, fault.everyMs ?? TRICKLE_EVERY_MS, delays);
    case 'huge':
      socket.write('250-a very long answer\r\n'.repeat(Math.ceil((fault.bytes ?? HUGE_BYTES) / 24)));
      return write(socket, answer);
  }
}

/** After 421 the relay hangs up, as the standard says. */
export function write(socket: Socket, answer: Reply): number | null {
  if (!socket.writable) return null;
  const code = Number(answer.slice(0, 3));
  if (code === 421 || code === 221) socket.end(`${answer}\r\n`);
  else socket.write(`${answer}\r\n`);
  return code;
}

async function trickle(socket: Socket, answer: string, everyMs: number, delays: Delays): Promise<number | null> {
  for (const character of answer) {
    if (!socket.writable) return null;
    socket.write(character);
    await delays.wait(everyMs);
  }
  return Number(answer.slice(0, 3));
}

function untilClosed(socket: Socket): Promise<null> {
  if (socket.destroyed) return Promise.resolve(null);
  return new Promise((resolve) => socket.once('close', () => resolve(null)));
}
