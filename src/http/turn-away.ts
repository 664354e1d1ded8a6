import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../model/clock.ts';
import { cutRestOfBody } from './leave-takings.ts';

/**
 * Who is refused is in no hurry, and many come again at once, whatever Retry-After says: this slows them. It is what they
 * wait all told, so where the turns of the loop are long, which slows them as well, they are held the less.
 */
const HELD_MS = 80;
/** Of the longest turn lately, at each look. */
const FORGETTING = 0.95;
const LOOK_EVERY_MS = 10;
/** Whoever would make those that are held take more memory than this allows is refused at once. */
const MAX_HELD = 5_000;
const MAX_HELD_BODY_BYTES = 16 * 1024;

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface TurnAwayParts {
  readonly clock: Clock;
  readonly restOfBodyMs: number;
  readonly isDraining: () => boolean;
  /** False: refuse it. */
  readonly admit: (call: IncomingMessage, answer: ServerResponse) => boolean;
  readonly refusal: Refusal;
  readonly onRefused: () => void;
}

/**
 * Stands before the framework, because what a refusal costs is taken from the calls that are in work: no routing, no
 * hooks, no token, nothing of the body, an answer that is made already.
 */
export function turnAway(server: Server, parts: TurnAwayParts): void {
  const refusals = new Refusals(parts);
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (call, answer) => {
    if (!parts.admit(call, answer)) refusals.add(call, answer);
    else for (const listener of listeners) Reflect.apply(listener, server, [call, answer]);
  });
}

class Refusals {
  readonly #parts: TurnAwayParts;
  readonly #headers: string[];
  /** Oldest first. */
  #held: Held[] = [];
  #isLooking = false;
  #turnMs = 0;

  constructor(parts: TurnAwayParts) {
    this.#parts = parts;
    const { headers, body } = parts.refusal;
    this.#headers = [...Object.entries(headers), ['content-length', String(Buffer.byteLength(body))]].flat();
  }

  add(call: IncomingMessage, answer: ServerResponse): void {
    this.#parts.onRefused();
    const bodyBytes = Number(call.headers['content-length'] ?? 0);
    if (this.#held.length >= MAX_HELD || bodyBytes > MAX_HELD_BODY_BYTES) this.#refuse({ call, answer });
    else this.#held.push({ call, answer, since: this.#parts.clock.monotonic() });
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#isLooking || this.#held.length === 0) return;
    this.#isLooking = true;
    const { clock } = this.#parts;
    const lookAt = clock.monotonic() + LOOK_EVERY_MS;
    clock.after(LOOK_EVERY_MS, () => {
      this.#isLooking = false;
      this.#turnMs = Math.max(clock.monotonic() - lookAt, FORGETTING * this.#turnMs);
      this.#refuseDue();
      this.#lookLater();
    });
  }

  #refuseDue(): void {
    // They waited up to a turn to be read, and those that stay wait another.
    const heldMs = HELD_MS - 2 * this.#turnMs;
    const sinceDue = this.#parts.clock.monotonic() - Math.max(0, heldMs);
    const firstHeld = this.#held.findIndex(({ since }) => since > sinceDue);
    for (const due of this.#held.splice(0, firstHeld === -1 ? this.#held.length : firstHeld)) this.#refuse(due);
  }

  #refuse({ call, answer }: Pick<Held, 'call' | 'answer'>): void {
    if (answer.destroyed) return;
    const { refusal, isDraining, clock, restOfBodyMs } = this.#parts;
    answer.writeHead(refusal.status, isDraining() ? [...this.#headers, 'connection', 'close'] : this.#headers);
    answer.end(refusal.body);
    cutRestOfBody(call, clock, restOfBodyMs);
  }
}

interface Held {
  readonly call: IncomingMessage;
  readonly answer: ServerResponse;
  readonly since: number;
}
