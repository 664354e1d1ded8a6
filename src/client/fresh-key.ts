/** Of an idempotency key nobody else has. `randomUUID` is not there on a page that came over plain HTTP. */
export const freshKey = (): string =>
  Array.from(globalThis.crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
