import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Fault } from '../faults.ts';

export const COME_AGAIN = { 'retry-after': '1' };

/** A turn of the loop that refused callers notice: a flood's calls come in between two. */
const LONG_TURN_MS = 8;
/** After each long turn; at least an eighth of the places stays. */
const NARROWING = 0.9;
const LEAST_SHARE = 1 / 8;

/**
 * Calls in work at once. More would only wait longer: the process does one thing at a time. In a flood they are fewer, as
 * long as there is no time left to refuse the others soon.
 */
export class CallsInWork {
  readonly #calls = new Set<IncomingMessage>();
  readonly #max: number;
  #places: number;

  constructor(max: number) {
    this.#max = max;
    this.#places = max;
  }

  /** Gives places for how long a turn of the loop took; true: they are fewer than ever there were. */
  heedTurn(tookMs: number): boolean {
    this.#places =
      tookMs > LONG_TURN_MS
        ? Math.max(this.#max * LEAST_SHARE, this.#places * NARROWING)
        : Math.min(this.#max, this.#places + 1);
    return this.#places < this.#max;
  }

  /** Takes a place until the answer is through, also if nobody waits for it; false: there is none. */
  enter(call: IncomingMessage, answer: ServerResponse): boolean {
    if (this.#calls.has(call)) return true;
    if (this.areFull) return false;
    this.#calls.add(call);
    answer.once('close', () => this.#calls.delete(call));
    return true;
  }

  get areFull(): boolean {
    return this.#calls.size >= this.#places;
  }

  stepAside(call: IncomingMessage): void {
    this.#calls.delete(call);
  }

  comeBack(call: IncomingMessage, answer: ServerResponse): void {
    if (!answer.closed) this.#calls.add(call);
  }
}

export interface WorkLimits {
  /** Of bodies that are on their way or in work, all together. */
  readonly maxBodyBytesAtOnce: number;
  /** What a body may have that does not say its length. */
  readonly maxBodyBytes: number;
}

/**
 * Whoever finds no place is told 503 before anything is looked at. A call whose body is still on its way takes no
 * place, so that slow clients cannot take them all; what such bodies may take of the memory has a limit of its own.
 */
export function limitWork(app: FastifyInstance, calls: CallsInWork, limits: WorkLimits): void {
  let bodyBytes = 0;
  app.addHook('onRequest', async ({ raw }, reply) => {
    if (!calls.enter(raw, reply.raw)) throw new Fault('overloaded', null, COME_AGAIN);
  });
  app.addHook('preParsing', async ({ raw }, reply) => {
    if (raw.complete) return;
    calls.stepAside(raw);
    const bytes = Math.min(Number(raw.headers['content-length'] ?? limits.maxBodyBytes), limits.maxBodyBytes);
    if (bodyBytes + bytes > limits.maxBodyBytesAtOnce) throw new Fault('overloaded', null, COME_AGAIN);
    if (reply.raw.closed) return;
    bodyBytes += bytes;
    reply.raw.once('close', () => {
      bodyBytes -= bytes;
    });
  });
  app.addHook('preHandler', async ({ raw }, reply) => calls.comeBack(raw, reply.raw));
}
