/** How finely memory is told apart into what holds something and what is empty. */
const CHUNK_BYTES = 65_536;

/** What a WebAssembly memory held at one moment, without what was empty. */
export class MemoryImage {
  static readonly EMPTY = new MemoryImage([]);

  /** In order; null: nothing but zeros. */
  readonly #chunks: readonly (Uint8Array | null)[];

  private constructor(chunks: readonly (Uint8Array | null)[]) {
    this.#chunks = chunks;
  }

  static of(memory: WebAssembly.Memory): MemoryImage {
    const bytes = new Uint8Array(memory.buffer);
    const chunks: (Uint8Array | null)[] = [];
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      chunks.push(isEmpty(chunk) ? null : chunk.slice());
    }
    while (chunks.at(-1) === null) chunks.pop();
    return new MemoryImage(chunks);
  }

  /**
   * Everything up to the last byte that held something is as it was. What lies behind was never reached by then, and is
   * left as it is, or emptied where it is `wholly` put back.
   */
  putBack(memory: WebAssembly.Memory, { wholly }: { readonly wholly: boolean }): void {
    const bytes = new Uint8Array(memory.buffer);
    const end = wholly ? bytes.length : this.bytes;
    for (let at = 0; at < end; at += CHUNK_BYTES) {
      const chunk = this.#chunks[at / CHUNK_BYTES] ?? null;
      if (chunk === null) empty(bytes.subarray(at, at + CHUNK_BYTES));
      else bytes.set(chunk, at);
    }
  }

  /** Of memory, up to the last chunk that held something. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_BYTES;
  }

  /** Wherever it holds something, memory holds the same. What else there is in memory is not looked at. */
  isIn(memory: WebAssembly.Memory): boolean {
    const bytes = new Uint8Array(memory.buffer);
    return this.#chunks.every((chunk, index) => {
      const at = index * CHUNK_BYTES;
      return chunk === null || Buffer.compare(chunk, bytes.subarray(at, at + CHUNK_BYTES)) === 0;
    });
  }
}

const EMPTY = new Uint8Array(CHUNK_BYTES);
const isEmpty = (chunk: Uint8Array): boolean => Buffer.compare(chunk, EMPTY) === 0;

/** Memory that was never written to takes no place, as long as nobody writes to it. */
function empty(chunk: Uint8Array): void {
  if (!isEmpty(chunk)) chunk.fill(0);
}
