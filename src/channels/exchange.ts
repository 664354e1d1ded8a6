import type { Dispatcher } from 'undici';
import { lookOnceMore } from './last-look.ts';
import type { OutboundCall, OutboundResult } from './outbound.ts';
import { explainFailure } from './outbound-failure.ts';

/** What is read of an answer unless the call wants more; the rest is cut off with the connection. */
export const MAX_BODY_BYTES = 64 * 1024;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * One call on the wire. It is dispatched as a bare handler and not through `Pool.request`, because only here can one
 * see the moment the request is written (before it a failure is certain, after it the outcome is open), and because
 * `request` heeds its signal only from that moment on: a call that waits for a connection would outlive its deadline.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  #call: OutboundCall | null;
  readonly #host: string;
  readonly #maxBytes: number;
  #settle: ((result: OutboundResult) => void) | null;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: Headers = {};
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(call: OutboundCall, host: string, settle: (result: OutboundResult) => void) {
    this.#call = call;
    this.#host = host;
    this.#maxBytes = call.maxBodyBytes ?? MAX_BODY_BYTES;
    this.#settle = settle;
    call.signal.addEventListener('abort', this);
  }

  /** The caller's signal. */
  handleEvent(): void {
    const controller = this.#controller;
    const reason: unknown = this.#call?.signal.reason;
    const error = reason instanceof Error ? reason : new Error('stopped');
    this.#fail(error);
    controller?.abort(error);
  }

  /** undici calls this right before it writes. Throwing drops the request and spares the connection. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#call !== null) lookOnceMore(this.#call.signal);
    if (this.#settle === null) throw new Error('The call ended while it waited for a connection.');
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    this.#chunks.push(chunk);
    if (this.#size <= this.#maxBytes) return;
    this.#answer();
    controller.abort(new Error('The answer is longer than what is read of it.'));
  }

  onResponseEnd(): void {
    this.#answer();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(error);
  }

  #answer(): void {
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    const body = bytes.toString('utf8', 0, Math.min(bytes.length, this.#maxBytes));
    this.#end({ kind: 'response', status: this.#status, headers: this.#headers, body });
  }

  #fail(error: Error): void {
    if (this.#settle !== null) this.#end(explainFailure(error, this.#host, this.#controller !== null));
  }

  /**
   * What is over points at nothing any more: undici keeps its side of an exchange for longer, and V8 would copy the call,
   * its buffers and its message twice with it (half of all that the collector copied).
   */
  #end(result: OutboundResult): void {
    const settle = this.#settle;
    this.#settle = null;
    this.#call?.signal.removeEventListener('abort', this);
    this.#call = null;
    this.#chunks = [];
    this.#headers = {};
    this.#controller = null;
    settle?.(result);
  }
}
