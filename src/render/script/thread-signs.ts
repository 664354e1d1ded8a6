import type { Rendering } from './fault.ts';

/** What a thread is started with. */
export interface ThreadData {
  readonly wasm: WebAssembly.Module;
  /** Three 32-bit integers both sides see: `BEATS`, `DONE` and `SCRIPT`. */
  readonly signs: SharedArrayBuffer;
}

/** Raised at every sign of life, so that whoever watches can tell a stuck thread. */
export const BEATS = 0;
/** How many recipients of the step are done. */
export const DONE = 1;
/** One while the script itself is at work, nought while the sandbox is set up for it. */
export const SCRIPT = 2;
export const SIGNS_BYTES = 3 * Int32Array.BYTES_PER_ELEMENT;

export type ThreadMessage =
  /** Loaded, and waiting for its first step. */
  | { readonly kind: 'ready' }
  /** Renderings of the step's first recipients, at least one; the others did not come to their turn. */
  | { readonly kind: 'rendered'; readonly renderings: readonly Rendering[] }
  /** The script was broken off during the recipient whose turn it was, and nothing of the step counts. */
  | { readonly kind: 'stopped' };
