import type { Socket } from 'node:net';
import type { Clock } from '../model/clock.ts';
import { AnswerReader } from './answer-reader.ts';
import type { OpenSocket } from './connect.ts';
import type { Exchange } from './exchange.ts';
import { WireFailure } from './outbound-failure.ts';

/** Who hands out the sockets of a host. Told of each exchange's end once, by one of the two. */
export interface SocketOwner {
  readonly clock: Clock;
  /** It may carry another exchange once it is known that the server has not hung up. */
  rested(socket: ProviderSocket): void;
  gone(socket: ProviderSocket): void;
}

/** How many ticks of silence are too many. */
export interface Patience {
  readonly head: number;
  readonly body: number;
}

/** What a read brings at the most; answers of providers are smaller. */
const READ_BYTES = 4 * 1024;
/** What Node's own server, and many a proxy, keeps an idle connection for is 5 s. */
const IDLE_MS = 4_000;
/** The server's clock runs while our last bytes and our next ones are on their way. */
const IDLE_SLACK_MS = 2_000;
const MAX_IDLE_MS = 600_000;

/** One connection to a provider, kept alive: one exchange at a time, and none after anything out of order. */
export class ProviderSocket {
  readonly #owner: SocketOwner;
  readonly #patience: Patience;
  readonly #opening = new AbortController();
  readonly #reader = new AnswerReader();
  #socket: Socket | null = null;
  #exchange: Exchange | null = null;
  #isGone = false;
  /** Ticks since anything was heard. They stand still while the process does: then the answer may be there, unread. */
  #quietTicks = 0;
  #informational = 0;
  #freshUntil = 0;

  constructor(owner: SocketOwner, patience: Patience) {
    this.#owner = owner;
    this.#patience = patience;
  }

  /** Connects for an exchange, which fails when that fails. */
  async open(openSocket: OpenSocket, exchange: Exchange): Promise<void> {
    this.#exchange = exchange;
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    try {
      const socket = await openSocket(this.#opening.signal, { buffer, callback: this.#read });
      this.#socket = socket;
      socket.on('error', (error) => this.#lose(error));
      socket.on('end', () => this.#end());
      socket.on('close', () => this.#lose(new WireFailure(BROKE)));
      if (this.#isGone || socket.destroyed) return this.#lose(new WireFailure(BROKE));
      if (!this.carry(exchange)) this.#rest();
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)));
    }
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether the server can be expected to listen still, `now` by the monotonic clock. */
  isFresh(now: number): boolean {
    return now < this.#freshUntil;
  }

  /** Writes the request; false when the exchange ended before. */
  carry(exchange: Exchange): boolean {
    const socket = this.#socket;
    if (socket === null || !exchange.leave(this)) {
      this.#exchange = null;
      return false;
    }
    this.#exchange = exchange;
    this.#quietTicks = 0;
    this.#informational = 0;
    this.#reader.begin(exchange.maxBodyBytes);
    const { request } = exchange;
    if (typeof request === 'string') socket.write(request, 'utf8');
    else socket.write(request);
    return true;
  }

  /** Time passes; `now` by the monotonic clock. */
  tick(now: number): void {
    if (this.#socket === null) return;
    if (this.#exchange === null) {
      if (!this.isFresh(now)) this.abandon();
      return;
    }
    this.#quietTicks += 1;
    const { hasHead } = this.#reader;
    if (this.#quietTicks < (hasHead ? this.#patience.body : this.#patience.head)) return;
    this.#lose(new WireFailure(hasHead ? 'the answer stalled' : 'no answer in time', true));
  }

  abandon(): void {
    this.#lose(new WireFailure(BROKE));
  }

  /** Ends it, and what it carries with `error`. */
  destroy(error: Error): void {
    this.#lose(error);
  }

  /** Node's reader goes on while it answers true. */
  readonly #read = (count: number, bytes: Uint8Array): boolean => {
    const exchange = this.#exchange;
    // Nobody asked: a 408 before a close, or the rest of something out of order.
    if (exchange === null || this.#socket === null || !(bytes instanceof Buffer)) {
      this.abandon();
      return true;
    }
    const reader = this.#reader;
    try {
      const used = reader.take(bytes, count);
      if (reader.isWhole) this.#settle(exchange, used < count);
      else if (reader.hasHead || reader.informational > this.#informational) this.#quietTicks = 0;
      this.#informational = reader.informational;
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  };

  #settle(exchange: Exchange, hasMore: boolean): void {
    const { status, headers, body, isLast } = this.#reader;
    this.#exchange = null;
    exchange.answer(status, headers, body);
    // Who answers before it has heard all is about to hang up, or takes what is left for the next request.
    if (isLast || hasMore || this.#socket?.writableLength !== 0) this.abandon();
    else this.#rest();
  }

  #rest(): void {
    const { idleSeconds } = this.#reader;
    const idleMs = idleSeconds === null ? IDLE_MS : Math.min(idleSeconds * 1_000 - IDLE_SLACK_MS, MAX_IDLE_MS);
    this.#freshUntil = this.#owner.clock.monotonic() + idleMs;
    if (idleMs > 0) this.#owner.rested(this);
    else this.abandon();
  }

  #end(): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      this.abandon();
      return;
    }
    try {
      this.#reader.end();
      this.#settle(exchange, true);
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #lose(error: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#opening.abort();
    this.#socket?.destroy();
    exchange?.fail(error);
    this.#owner.gone(this);
  }
}

const BROKE = 'the connection broke';
