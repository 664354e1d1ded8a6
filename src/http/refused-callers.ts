import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { targetOfPlainCall } from './plain-call.ts';

/** True: the caller is refused, and will be told with `answer`. */
export type RefuseAgain = (target: string, caller: RefusedCaller) => boolean;

/**
 * Whoever was refused comes again over the same connection, by the thousand just when there is no time: the next calls are
 * refused without the parser and all that Node makes for a request, for half of the time and hardly any memory. Only
 * where the bytes are one whole plain call; whatever else comes is the parser's.
 */
export class RefusedCallers {
  readonly #callers = new WeakMap<Socket, RefusedCaller>();
  readonly #refuseAgain: RefuseAgain;

  constructor(refuseAgain: RefuseAgain) {
    this.#refuseAgain = refuseAgain;
  }

  add(socket: Socket): void {
    if (this.#callers.has(socket)) return;
    // The one listener is the server's own, which the parser stands behind.
    const [parse, ...others] = socket.listeners('data');
    if (parse === undefined || others.length > 0) return;
    const toParser = (bytes: Buffer) => Reflect.apply(parse, socket, [bytes]);
    const caller = new RefusedCaller(socket, toParser, this.#refuseAgain);
    this.#callers.set(socket, caller);
    socket.removeAllListeners('data');
    // From here on bytes come through listeners, which the server would read past otherwise.
    socket.on('data', caller.read);
  }

  /** The parser made a call of what came over a connection. */
  note(call: IncomingMessage, answer: ServerResponse): void {
    this.#callers.get(call.socket)?.note(call, answer);
  }
}

export class RefusedCaller {
  readonly #socket: Socket;
  readonly #toParser: (bytes: Buffer) => void;
  readonly #refuseAgain: RefuseAgain;
  /**
   * Only a parser that stands between two calls may be left out. It is known to once it made one call of the bytes of
   * one, and that call has been answered.
   */
  #parser: 'unknown' | 'between' | 'lost' | IncomingMessage = 'unknown';
  /** Made by the parser of the bytes it is being given. */
  #calls: IncomingMessage[] = [];
  #refusal: Buffer | null = null;

  constructor(socket: Socket, toParser: (bytes: Buffer) => void, refuseAgain: RefuseAgain) {
    this.#socket = socket;
    this.#toParser = toParser;
    this.#refuseAgain = refuseAgain;
  }

  note(call: IncomingMessage, answer: ServerResponse): void {
    if (this.#parser === 'lost') return;
    this.#calls.push(call);
    answer.once('close', () => {
      if (this.#parser === call) this.#parser = 'between';
    });
  }

  /** The bytes of an answer that is owed from now on. */
  owe(refusal: Buffer): void {
    this.#refusal = refusal;
  }

  /** Does nothing where nothing is owed any more. */
  answer(): void {
    const refusal = this.#refusal;
    this.#refusal = null;
    if (refusal !== null && this.#socket.writable) this.#socket.write(refusal);
  }

  readonly read = (bytes: Buffer): void => {
    // Who does not wait for an answer gets them in their order all the same.
    this.answer();
    const target = this.#parser === 'lost' ? null : targetOfPlainCall(bytes);
    if (target === null) {
      // It may end within a call, and nobody but the parser knows.
      this.#parser = 'lost';
      this.#toParser(bytes);
    } else if (this.#mayLeaveOutParser() && this.#refuseAgain(target, this)) return;
    else this.#parse(bytes, target);
  };

  /** Who does not read the answers either is the parser's, which stops to read then. */
  #mayLeaveOutParser(): boolean {
    return this.#parser === 'between' && this.#socket.writableLength === 0;
  }

  #parse(bytes: Buffer, target: string): void {
    const stoodBetween = this.#parser === 'between' || this.#parser === 'unknown';
    this.#calls = [];
    this.#toParser(bytes);
    const [call, ...more] = this.#calls;
    const isAsSeen = call !== undefined && more.length === 0 && call.complete && call.url === target;
    this.#parser = stoodBetween && isAsSeen ? call : 'lost';
  }
}
