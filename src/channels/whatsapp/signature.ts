import { createHmac, hash, timingSafeEqual } from 'node:crypto';

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/**
 * Did Meta's app sign these bytes? It signs the JSON as it is sent, with everything beyond ASCII as `\uXXXX`, so a body
 * that was parsed and written again has another signature.
 */
export function isSigned(header: string | string[] | undefined, body: Uint8Array, appSecret: string): boolean {
  const hex = typeof header === 'string' ? SIGNATURE.exec(header)?.[1] : undefined;
  if (hex === undefined) return false;
  return timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', appSecret).update(body).digest());
}

/** Takes equally long wherever they differ, and whatever their lengths. */
export function isSameSecret(given: string, secret: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', secret, 'buffer'));
}
