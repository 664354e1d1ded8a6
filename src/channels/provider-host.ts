import type { Clock } from '../model/clock.ts';
import type { OpenSocket } from './connect.ts';
import type { Exchange } from './exchange.ts';
import { type Patience, ProviderSocket, type SocketOwner } from './provider-socket.ts';

export interface HostOptions {
  readonly maxConnections: number;
  readonly headersTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly clock: Clock;
}

const LONGEST_TICK_MS = 500;
/** No limit of silence is exceeded by more than this part of it. */
const TICKS_OF_PATIENCE = 10;

/**
 * The connections to one host, and the line for them: an exchange takes a free connection, opens one while there are
 * fewer than allowed, or waits. What is asked in one turn of the event loop is written together.
 */
export class ProviderHost implements SocketOwner {
  readonly host: string;
  readonly clock: Clock;
  usedAt = 0;
  readonly #open: OpenSocket;
  readonly #maxConnections: number;
  readonly #patience: Patience;
  readonly #tickMs: number;
  readonly #sockets = new Set<ProviderSocket>();
  /** The one used last is taken first, so that those too many grow old. */
  readonly #free: ProviderSocket[] = [];
  /**
   * A server may hang up with its answer and not say so in it. That is heard of when the event loop has looked at its
   * sockets once more: until then whoever has answered is not written to.
   */
  #answered: ProviderSocket[] = [];
  #resting: ProviderSocket[] = [];
  readonly #line: Exchange[] = [];
  #turn: NodeJS.Immediate | null = null;
  #cancelTick: (() => void) | null = null;
  #onEmpty: (() => void) | null = null;

  constructor(host: string, open: OpenSocket, options: HostOptions) {
    const { maxConnections, headersTimeoutMs, bodyIdleTimeoutMs, clock } = options;
    this.host = host;
    this.clock = clock;
    this.#open = open;
    this.#maxConnections = maxConnections;
    this.#tickMs = Math.min(LONGEST_TICK_MS, Math.min(headersTimeoutMs, bodyIdleTimeoutMs) / TICKS_OF_PATIENCE);
    this.#patience = {
      head: Math.ceil(headersTimeoutMs / this.#tickMs),
      body: Math.ceil(bodyIdleTimeoutMs / this.#tickMs),
    };
  }

  carry(exchange: Exchange): void {
    const socket = this.#line.length === 0 ? this.#takeFree(this.clock.monotonic()) : null;
    if (socket === null) {
      this.#line.push(exchange);
      this.#takeTurn();
    } else if (!socket.carry(exchange)) this.#free.push(socket);
  }

  /** Ends what is idle now and the rest when it is done; `onEmpty` when nothing is left. */
  retire(onEmpty: () => void): void {
    this.#onEmpty = onEmpty;
    for (const socket of this.#free.splice(0)) socket.abandon();
    this.#tellIfEmpty();
  }

  /** Ends everything now, and what is under way with `error`. */
  destroy(error: Error): void {
    for (const exchange of this.#line.splice(0)) exchange.fail(error);
    for (const socket of this.#sockets) socket.destroy(error);
  }

  rested(socket: ProviderSocket): void {
    this.#answered.push(socket);
    this.#takeTurn();
  }

  gone(socket: ProviderSocket): void {
    this.#sockets.delete(socket);
    if (this.#line.length > 0) this.#takeTurn();
    if (this.#sockets.size > 0) return;
    this.#cancelTick?.();
    this.#cancelTick = null;
    this.#tellIfEmpty();
  }

  readonly #serveLine = (): void => {
    for (const socket of this.#resting) if (!socket.isGone) this.#free.push(socket);
    this.#resting = this.#answered;
    this.#answered = [];
    this.#turn = null;
    const now = this.clock.monotonic();
    let served = 0;
    for (const exchange of this.#line) {
      if (!exchange.isOver && !this.#serve(exchange, now)) break;
      served += 1;
    }
    this.#line.splice(0, served);
    if (this.#onEmpty !== null) this.retire(this.#onEmpty);
    if (this.#resting.length > 0) this.#takeTurn();
  };

  /** Serves the line when the event loop has looked at its sockets, which it waits for only while nobody does. */
  #takeTurn(): void {
    this.#turn ??= setImmediate(this.#serveLine);
    if (this.#line.length > 0 || this.#onEmpty !== null) this.#turn.ref();
    else this.#turn.unref();
  }

  /** False when there is no connection for it. */
  #serve(exchange: Exchange, now: number): boolean {
    const free = this.#takeFree(now);
    if (free !== null) {
      if (!free.carry(exchange)) this.#free.push(free);
    } else if (this.#sockets.size < this.#maxConnections) this.#openFor(exchange);
    else return false;
    return true;
  }

  #takeFree(now: number): ProviderSocket | null {
    for (let socket = this.#free.pop(); socket !== undefined; socket = this.#free.pop()) {
      if (socket.isGone) continue;
      if (socket.isFresh(now)) return socket;
      socket.abandon();
    }
    return null;
  }

  #openFor(exchange: Exchange): void {
    const socket = new ProviderSocket(this, this.#patience);
    this.#sockets.add(socket);
    this.#cancelTick ??= this.clock.after(this.#tickMs, this.#tick);
    socket.open(this.#open, exchange);
  }

  readonly #tick = (): void => {
    this.#cancelTick = this.clock.after(this.#tickMs, this.#tick);
    const now = this.clock.monotonic();
    for (const socket of this.#sockets) socket.tick(now);
  };

  #tellIfEmpty(): void {
    if (this.#onEmpty === null || this.#sockets.size > 0 || this.#line.length > 0) return;
    this.#onEmpty();
  }
}
