import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RequestHeaders } from './provider.ts';

export type SignatureVerdict = 'valid' | 'unchecked' | SignatureFault;
export type SignatureFault =
  | 'webhook-id, webhook-timestamp and webhook-signature are required'
  | 'webhook-timestamp is not within five minutes of now'
  | 'no signature in webhook-signature was made with a secret of this hook';

const TOLERANCE_SECONDS = 300;

/** Standard Webhooks, symmetric (`v1`): any signature of the list made with any of the secrets will do. */
export function checkSignature(
  headers: RequestHeaders,
  raw: Buffer,
  secrets: readonly string[],
  now: number,
): SignatureVerdict {
  if (secrets.length === 0) return 'unchecked';
  const id = headers('webhook-id');
  const timestamp = headers('webhook-timestamp');
  const signatures = headers('webhook-signature');
  if (id === null || timestamp === null || signatures === null) {
    return 'webhook-id, webhook-timestamp and webhook-signature are required';
  }
  if (!isRecent(timestamp, now)) return 'webhook-timestamp is not within five minutes of now';
  const given = signatures.split(' ').filter((signature) => signature.startsWith('v1,'));
  const expected = secrets.map((secret) => sign(secret, id, timestamp, raw));
  const isSigned = given.some((signature) => expected.some((digest) => isSameDigest(signature.slice(3), digest)));
  return isSigned ? 'valid' : 'no signature in webhook-signature was made with a secret of this hook';
}

function isRecent(timestamp: string, now: number): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(Number(timestamp) - now / 1000) <= TOLERANCE_SECONDS;
}

function sign(secret: string, id: string, timestamp: string, raw: Buffer): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(raw).digest();
}

function isSameDigest(given: string, digest: Buffer): boolean {
  const bytes = Buffer.from(given, 'base64');
  return bytes.length === digest.length && timingSafeEqual(bytes, digest);
}
