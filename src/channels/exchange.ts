import { MAX_BODY_BYTES } from './answer-reader.ts';
import { lookOnceMore } from './last-look.ts';
import type { OutboundCall, OutboundResponse, OutboundResult } from './outbound.ts';
import { explainFailure } from './outbound-failure.ts';

/** What carries an exchange once it is written, and goes down with it. */
interface Carrier {
  abandon(): void;
}

/**
 * One call from its request to its result, wherever it waits meanwhile: in line, for a connection, for its answer. It ends
 * once, and with the caller's signal at the latest. Before it is written a failure is certain, after it the outcome is open.
 */
export class Exchange {
  readonly request: string | Uint8Array;
  readonly maxBodyBytes: number;
  readonly #host: string;
  readonly #signal: AbortSignal;
  readonly #settle: (result: OutboundResult) => void;
  #carrier: Carrier | null = null;
  #isOver = false;

  constructor(
    call: OutboundCall,
    request: string | Uint8Array,
    host: string,
    settle: (result: OutboundResult) => void,
  ) {
    this.request = request;
    this.maxBodyBytes = call.maxBodyBytes ?? MAX_BODY_BYTES;
    this.#host = host;
    this.#signal = call.signal;
    this.#settle = settle;
    call.signal.addEventListener('abort', this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** For who is about to write it: false when it must not be written any more. */
  leave(carrier: Carrier): boolean {
    if (!this.#isOver) lookOnceMore(this.#signal);
    if (this.#isOver) return false;
    this.#carrier = carrier;
    return true;
  }

  /** The caller's signal. */
  handleEvent(): void {
    const reason: unknown = this.#signal.reason;
    const carrier = this.#carrier;
    this.fail(reason instanceof Error ? reason : new Error('stopped'));
    carrier?.abandon();
  }

  answer(status: number, headers: OutboundResponse['headers'], body: string): void {
    this.#end({ kind: 'response', status, headers, body });
  }

  fail(error: Error): void {
    this.#end(explainFailure(error, this.#host, this.#carrier !== null));
  }

  #end(result: OutboundResult): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#carrier = null;
    this.#signal.removeEventListener('abort', this);
    this.#settle(result);
  }
}
