import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { CryptoKey } from 'jose';
import type { Algorithm, App } from '../../model/tenancy.ts';

const HASHES: Readonly<Record<Algorithm, string>> = {
  HS256: 'SHA-256',
  HS512: 'SHA-512',
  RS256: 'SHA-256',
  RS512: 'SHA-512',
};

/** RFC 7518 asks 64 bytes of HS512, but Kore's own client secrets are 44 characters for both. */
const MIN_SECRET_BYTES = 32;
const MIN_MODULUS_BITS = 2048;

const keys = new WeakMap<App, CryptoKey>();

/**
 * The app's key, bound to the app's one algorithm, so that a public key can never serve as a shared secret. Throws a
 * sentence when the app's key is unusable.
 */
export function verificationKey(app: App): CryptoKey {
  const known = keys.get(app);
  if (known !== undefined) return known;
  const key = app.algorithm.startsWith('HS') ? importSecret(app) : importPublicKey(app);
  keys.set(app, key);
  return key;
}

/** What is wrong with an app's key, in a sentence; null when it can be used. For checks before the server starts. */
export function findKeyFault(app: App): string | null {
  try {
    verificationKey(app);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function importSecret(app: App): CryptoKey {
  const secret = Buffer.from(app.key, 'utf8');
  if (secret.length < MIN_SECRET_BYTES) {
    throw new Error(
      `app ${app.clientId}: the client secret has ${secret.length} bytes; ${app.algorithm} needs at least ${MIN_SECRET_BYTES}`,
    );
  }
  const hmac = { name: 'HMAC', hash: HASHES[app.algorithm] };
  return createSecretKey(secret).toCryptoKey(hmac, false, ['verify']);
}

function importPublicKey(app: App): CryptoKey {
  const key = readPem(app);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < MIN_MODULUS_BITS) {
    throw new Error(
      `app ${app.clientId}: ${app.algorithm} needs an RSA public key of at least ${MIN_MODULUS_BITS} bits`,
    );
  }
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: HASHES[app.algorithm] };
  return key.toCryptoKey(rsa, false, ['verify']);
}

function readPem(app: App): KeyObject {
  try {
    return createPublicKey(app.key);
  } catch {
    throw new Error(`app ${app.clientId}: publicKey is not a PEM public key`);
  }
}
