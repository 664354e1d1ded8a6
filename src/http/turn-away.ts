import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Clock } from '../model/clock.ts';
import { cutRestOfBody } from './leave-takings.ts';
import { type RefusedCaller, RefusedCallers } from './refused-callers.ts';

/**
 * Who is refused is in no hurry, and many come again at once, whatever Retry-After says: this slows them. It is what they
 * wait all told, so where the turns of the loop are long, which slows them as well, they are held the less.
 */
const HELD_MS = 40;
/** Of the longest turn lately, at each look. */
const FORGETTING = 0.95;
const LOOK_EVERY_MS = 10;
/**
 * Whoever would make those that are held more than this, or take more memory, is refused at once. Callers that come on
 * time whether they were answered or not do so over as many connections as they have: none may be left while they are held.
 */
const MAX_HELD = 256;
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
  /** Whether a call for this target would be let in just now. */
  readonly wouldAdmit: (target: string) => boolean;
  /** How long a turn of the loop took, in a flood; true: tell of the next one as well. */
  readonly heedTurn: (tookMs: number) => boolean;
  readonly refusal: Refusal;
  readonly onRefused: () => void;
}

/**
 * Stands before the framework, because what a refusal costs is taken from the calls that are in work: no routing, no
 * hooks, no token, nothing of the body, an answer that is made already. What it returns tells whoever still waits to be
 * told: call it before connections are closed that seem to be idle.
 */
export function turnAway(server: Server, parts: TurnAwayParts): { close(): void } {
  const refusals = new Refusals(parts, server.keepAliveTimeout);
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (call, answer) => {
    refusals.callers.note(call, answer);
    if (!parts.admit(call, answer)) refusals.add(call, answer);
    else for (const listener of listeners) Reflect.apply(listener, server, [call, answer]);
  });
  return refusals;
}

class Refusals {
  readonly callers = new RefusedCallers((target, caller) => this.#addAgain(target, caller));
  readonly #parts: TurnAwayParts;
  readonly #headers: string[];
  readonly #bytes: Buffer;
  /** Oldest first. */
  #held: Held[] = [];
  #isLooking = false;
  #isClosed = false;
  #turnMs = 0;

  constructor(parts: TurnAwayParts, keepAliveMs: number) {
    this.#parts = parts;
    const { headers, body } = parts.refusal;
    const own = { ...headers, 'content-length': String(Buffer.byteLength(body)) };
    this.#headers = Object.entries(own).flat();
    this.#bytes = bytesOf(parts.refusal, {
      ...own,
      connection: 'keep-alive',
      'keep-alive': `timeout=${Math.floor(keepAliveMs / 1_000)}`,
    });
  }

  add(call: IncomingMessage, answer: ServerResponse): void {
    this.#parts.onRefused();
    const bodyBytes = Number(call.headers['content-length'] ?? 0);
    const refuse = () => this.#refuse(call, answer);
    if (bodyBytes > MAX_HELD_BODY_BYTES) refuse();
    else this.#hold(refuse);
  }

  close(): void {
    this.#isClosed = true;
    for (const { refuse } of this.#held.splice(0)) refuse();
  }

  #addAgain(target: string, caller: RefusedCaller): boolean {
    const { isDraining, wouldAdmit, onRefused } = this.#parts;
    if (this.#isClosed || isDraining() || wouldAdmit(target)) return false;
    onRefused();
    caller.owe(this.#bytes);
    this.#hold(() => caller.answer());
    return true;
  }

  #hold(refuse: () => void): void {
    if (this.#held.length >= MAX_HELD || this.#isClosed || this.#heldMs <= 0) refuse();
    else this.#held.push({ refuse, since: this.#parts.clock.monotonic() });
    this.#lookLater();
  }

  /** They waited up to a turn to be read, and those that stay wait another. */
  get #heldMs(): number {
    return HELD_MS - 2 * this.#turnMs;
  }

  #lookLater(): void {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    const { clock } = this.#parts;
    const lookAt = clock.monotonic() + LOOK_EVERY_MS;
    clock.after(LOOK_EVERY_MS, () => {
      this.#isLooking = false;
      const tookMs = clock.monotonic() - lookAt;
      this.#turnMs = Math.max(tookMs, FORGETTING * this.#turnMs);
      const isToldAgain = this.#parts.heedTurn(tookMs);
      this.#refuseDue();
      if (isToldAgain || this.#held.length > 0) this.#lookLater();
    });
  }

  #refuseDue(): void {
    const sinceDue = this.#parts.clock.monotonic() - Math.max(0, this.#heldMs);
    const firstHeld = this.#held.findIndex(({ since }) => since > sinceDue);
    const due = this.#held.splice(0, firstHeld === -1 ? this.#held.length : firstHeld);
    for (const { refuse } of due) refuse();
  }

  #refuse(call: IncomingMessage, answer: ServerResponse): void {
    if (answer.destroyed) return;
    const { refusal, isDraining, clock, restOfBodyMs } = this.#parts;
    answer.writeHead(refusal.status, isDraining() ? [...this.#headers, 'connection', 'close'] : this.#headers);
    answer.end(refusal.body);
    cutRestOfBody(call, clock, restOfBodyMs);
    if (!isDraining()) this.callers.add(call.socket);
  }
}

interface Held {
  readonly refuse: () => void;
  readonly since: number;
}

function bytesOf({ status, body }: Refusal, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}
