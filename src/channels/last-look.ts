const looks = new WeakMap<AbortSignal, () => void>();

/**
 * Before a call that ends with the signal is written, `look` is called, and may end it. A process that stood still since
 * it began the call has heard of nothing yet: no timer, no answer.
 */
export function lookBeforeWriting(signal: AbortSignal, look: () => void): void {
  looks.set(signal, look);
}

/** For who is about to write. */
export function lookOnceMore(signal: AbortSignal): void {
  looks.get(signal)?.();
}
