import type { Socket } from 'node:net';

/** More than a whole mail may come before anybody reads it; a line that never ends may not. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/** The lines a client sends, without their ends; bytes as characters. Goes on reading while nobody asks, to see it leave. */
export class LineReader {
  readonly #lines: string[] = [];
  #rest = '';
  #buffered = 0;
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    socket.on('data', (chunk) => {
      const [first = '', ...more] = chunk.toString('latin1').split('\r\n');
      this.#buffered += chunk.length;
      if (this.#buffered > MAX_BUFFERED_BYTES) socket.destroy();
      this.#take(first, more);
    });
    socket.once('close', () => this.#end());
    socket.once('end', () => this.#end());
  }

  /** Null when the client has left. */
  async next(): Promise<string | null> {
    while (this.#lines.length === 0) {
      if (this.#hasEnded) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const line = this.#lines.shift() ?? '';
    this.#buffered -= line.length + 2;
    return line;
  }

  #take(first: string, more: string[]): void {
    const last = more.pop();
    if (last === undefined) {
      this.#rest += first;
      return;
    }
    this.#lines.push(this.#rest + first, ...more);
    this.#rest = last;
    this.#wake();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake();
  }
}
