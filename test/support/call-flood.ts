import { connect, type Socket } from 'node:net';
import { Fifo } from '../../src/engine/fifo.ts';
import { percentile } from './percentile.ts';

/*
 * Calls over many kept-alive connections, out of a process of its own: `node call-flood.ts '<FloodOrder>'` prints one
 * `Flood` as JSON. With a rate it is an open loop: the time of a call that finds no connection free runs from when it was
 * due. That of any other runs from when it was sent: if that was late, nobody but the callers was.
 */
export interface FloodOrder {
  readonly aims: readonly FloodAim[];
  readonly forMs: number;
}

export interface FloodAim {
  readonly port: number;
  /** The bytes of one whole request. */
  readonly request: string;
  readonly connections: number;
  /** Null: every connection calls again as soon as it has its answer. */
  readonly perSecond: number | null;
}

export interface Flood {
  /** In the order of the aims. */
  readonly aims: readonly Aimed[];
  /** Of one core, by the calling process itself. */
  readonly ownShare: number;
  /** How long its turns were, in p99: so late it may have sent a call, or have read an answer. */
  readonly ownTurnP99: number;
}

export interface Aimed {
  readonly made: number;
  readonly accepted: number;
  readonly acceptedP99: number;
  readonly refused: number;
  readonly refusedP99: number;
  /** Answered with neither 200 nor a refusal that says when to come again. */
  readonly wrong: number;
  /** Due, and still without an answer when the time was up and a second more. */
  readonly unanswered: number;
  readonly elapsedMs: number;
}

const GRACE_MS = 1_000;
const OPENING = Buffer.from('GET /healthz HTTP/1.1\r\nhost: beckon\r\n\r\n');

class Aim {
  readonly #order: FloodAim;
  readonly #idle: Caller[] = [];
  readonly #due = new Fifo<number>();
  readonly #accepted: number[] = [];
  readonly #refused: number[] = [];
  readonly #callers: Caller[];
  #made = 0;
  #wrong = 0;
  #open = 0;
  #startedAt = 0;
  #endedAt = Number.POSITIVE_INFINITY;

  constructor(order: FloodAim) {
    this.#order = order;
    const request = Buffer.from(order.request, 'latin1');
    this.#callers = Array.from({ length: order.connections }, () => new Caller(order.port, request, this.#settle));
  }

  /**
   * Opened a few at a time, and taken: a thousand new connections at once are another matter, and what is measured is how
   * long calls wait, not how long connections do. The call that tells is not counted.
   */
  async connect(): Promise<void> {
    for (let next = 0; next < this.#callers.length; next += 32) {
      await Promise.all(this.#callers.slice(next, next + 32).map((caller) => caller.open()));
    }
    this.#idle.push(...this.#callers);
  }

  start(): void {
    this.#startedAt = performance.now();
    if (this.#order.perSecond === null) for (const caller of this.#idle.splice(0)) this.#call(caller, this.#startedAt);
  }

  tick(now: number): void {
    if (this.#order.perSecond === null) return;
    const everyMs = 1_000 / this.#order.perSecond;
    for (let dueAt = this.#startedAt + this.#made * everyMs; dueAt <= now; dueAt += everyMs) {
      this.#made += 1;
      const caller = this.#idle.pop();
      if (caller === undefined) this.#due.push(dueAt);
      else this.#call(caller, now);
    }
  }

  end(): void {
    this.#endedAt = performance.now();
  }

  get isSettled(): boolean {
    return this.#open + this.#due.size === 0;
  }

  close(): Aimed {
    for (const caller of this.#callers) caller.close();
    return {
      made: this.#made,
      accepted: this.#accepted.length,
      acceptedP99: percentile(this.#accepted, 0.99),
      refused: this.#refused.length,
      refusedP99: percentile(this.#refused, 0.99),
      wrong: this.#wrong,
      unanswered: this.#open + this.#due.size,
      elapsedMs: this.#endedAt - this.#startedAt,
    };
  }

  #takeDue(now: number): number {
    const dueAt = this.#due.peek() ?? now;
    this.#due.shift();
    return dueAt;
  }

  #call(caller: Caller, dueAt: number): void {
    if (this.#order.perSecond === null) this.#made += 1;
    this.#open += 1;
    caller.call(dueAt);
  }

  readonly #settle = (caller: Caller, answer: Answer): void => {
    if (this.#startedAt === 0) return;
    this.#open -= 1;
    const tookMs = performance.now() - caller.dueAt;
    if (answer === 'accepted') this.#accepted.push(tookMs);
    else if (answer === 'refused') this.#refused.push(tookMs);
    else this.#wrong += 1;
    if (answer === 'none') return;
    const isOver = this.#endedAt < Number.POSITIVE_INFINITY;
    if (this.#due.size > 0) this.#call(caller, this.#takeDue(performance.now()));
    else if (this.#order.perSecond === null && !isOver) this.#call(caller, performance.now());
    else this.#idle.push(caller);
  };
}

type Answer = 'accepted' | 'refused' | 'wrong' | 'none';

/** One connection with at most one call on it. */
class Caller {
  readonly #port: number;
  readonly #request: Buffer;
  readonly #settle: (caller: Caller, answer: Answer) => void;
  #socket: Socket | null = null;
  #got = '';
  #isCalling = false;
  #onFirst: (() => void) | null = null;
  dueAt = 0;

  constructor(port: number, request: Buffer, settle: (caller: Caller, answer: Answer) => void) {
    this.#port = port;
    this.#request = request;
    this.#settle = settle;
  }

  async open(): Promise<void> {
    await this.#connect();
    const answered = new Promise<void>((resolve) => {
      this.#onFirst = resolve;
    });
    this.#send(OPENING, performance.now());
    await answered;
  }

  #connect(): Promise<void> {
    const buffer = Buffer.alloc(4_096);
    const socket = connect({
      port: this.#port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer,
        callback: (length) => {
          this.#read(buffer.toString('latin1', 0, length));
          return true;
        },
      },
    });
    this.#socket = socket;
    socket.on('error', () => {});
    socket.once('close', () => this.#end('none'));
    return new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  }

  call(dueAt: number): void {
    this.#send(this.#request, dueAt);
  }

  #send(request: Buffer, dueAt: number): void {
    this.dueAt = dueAt;
    this.#isCalling = true;
    if (this.#socket?.destroyed === false) this.#socket.write(request);
    else queueMicrotask(() => this.#end('none'));
  }

  close(): void {
    this.#isCalling = false;
    this.#socket?.destroy();
  }

  #read(text: string): void {
    this.#got += text;
    const headEnd = this.#got.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.#got.slice(0, headEnd).toLowerCase();
    const at = head.indexOf('content-length:');
    const length = at === -1 ? 0 : Number.parseInt(head.slice(at + 15), 10);
    if (this.#got.length < headEnd + 4 + length) return;
    this.#got = '';
    const status = head.slice(9, 12);
    const isRefusal = (status === '503' || status === '429') && head.includes('\r\nretry-after:');
    this.#end(status === '200' ? 'accepted' : isRefusal ? 'refused' : 'wrong');
  }

  #end(answer: Answer): void {
    if (!this.#isCalling) return;
    this.#isCalling = false;
    this.#onFirst?.();
    this.#onFirst = null;
    this.#settle(this, answer);
  }
}

async function flood({ aims: orders, forMs }: FloodOrder): Promise<Flood> {
  const aims = orders.map((order) => new Aim(order));
  for (const aim of aims) await aim.connect();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  for (const aim of aims) aim.start();
  const endsAt = startedAt + forMs;
  const turns: number[] = [];
  for (let now = startedAt, last = now; now < endsAt; last = now, now = performance.now()) {
    turns.push(now - last);
    for (const aim of aims) aim.tick(now);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const aim of aims) aim.end();
  const spent = process.cpuUsage(cpu);
  const ownShare = (spent.user + spent.system) / 1_000 / (performance.now() - startedAt);
  const givenUpAt = performance.now() + GRACE_MS;
  while (aims.some((aim) => !aim.isSettled) && performance.now() < givenUpAt) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { aims: aims.map((aim) => aim.close()), ownShare, ownTurnP99: percentile(turns, 0.99) };
}

if (import.meta.main) {
  const order: FloodOrder = JSON.parse(process.argv[2] ?? '{}');
  console.log(JSON.stringify(await flood(order)));
}
