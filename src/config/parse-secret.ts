import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Parsed } from './setting.ts';

export const SECRET_KEY_BYTES = 32;
const SMALLEST_RSA_BITS = 2048;

export function parseSecretKey(text: string): Parsed<Uint8Array | null> {
  const value = decodeKey(text.trim());
  if (value !== null) return { value };
  return {
    fault: `The key must be ${SECRET_KEY_BYTES} bytes in base64 or hex. Make one with: openssl rand -base64 32`,
  };
}

function decodeKey(text: string): Uint8Array | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const bytes = Buffer.from(text, 'base64');
  const isExact = bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  return isExact && bytes.length === SECRET_KEY_BYTES ? bytes : null;
}

export function parseRsaPrivateKey(text: string): Parsed<string | null> {
  const key = readPrivateKey(text);
  if (key?.asymmetricKeyType !== 'rsa') {
    return { fault: 'This is not an RSA private key in PEM form. Make one with: openssl genrsa 3072' };
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < SMALLEST_RSA_BITS)
    return { fault: `The RSA key has ${bits} bits; it needs at least ${SMALLEST_RSA_BITS}.` };
  return { value: text };
}

function readPrivateKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}
