import type { Rendering } from './fault.ts';

/** What a thread is started with. */
export interface ThreadData {
  readonly wasm: WebAssembly.Module;
  /** Two 32-bit integers both sides see: `BEATS` and `DONE`. */
  readonly signs: SharedArrayBuffer;
}

/** Raised at every sign of life, so that whoever watches can tell a stuck thread. */
export const BEATS = 0;
/** How many recipients of the step are done. */
export const DONE = 1;
export const SIGNS_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;

export type ThreadMessage =
  /** Loaded, and waiting for its first step. */
  | { readonly kind: 'ready' }
  /** Renderings of the step's first recipients, at least one; the others did not come to their turn. */
  | { readonly kind: 'rendered'; readonly renderings: readonly Rendering[] };
