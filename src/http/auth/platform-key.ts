import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, type JWK } from 'jose';

/** The key pair to which callers encrypt tokens. The public half is published as a JWK set. */
export interface PlatformKey {
  /** The RFC 7638 thumbprint: the same key has the same id on every node and after every restart. */
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** Answers the same key to whoever asks. */
export type FindPlatformKey = () => Promise<PlatformKey>;

const MIN_MODULUS_BITS = 2048;

/** Reads the platform key from a PEM private key. Throws a sentence when it is not an RSA key of 2048 bits or more. */
async function openPlatformKey(pem: string): Promise<PlatformKey> {
  const key = createPrivateKey(pem);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < MIN_MODULUS_BITS) {
    throw new Error(`The platform key must be an RSA private key of at least ${MIN_MODULUS_BITS} bits.`);
  }
  const publicJwk = await exportJWK(createPublicKey(key));
  const kid = await calculateJwkThumbprint(publicJwk);
  return {
    kid,
    privateKey: key.toCryptoKey({ name: 'RSA-OAEP', hash: 'SHA-1' }, false, ['decrypt']),
    publicJwk: { ...publicJwk, kid, use: 'enc', alg: 'RSA-OAEP' },
  };
}

/**
 * The platform key of a PEM private key, read at once; rejects as `openPlatformKey` does. Null: one of this process, which
 * is made, by another thread and for a tenth of a second, when somebody asks for it.
 */
export async function choosePlatformKey(pem: string | null): Promise<FindPlatformKey> {
  if (pem !== null) {
    const key = await openPlatformKey(pem);
    return async () => key;
  }
  let made: Promise<PlatformKey> | null = null;
  return () => {
    made ??= generatePlatformPem().then(openPlatformKey);
    return made;
  };
}

async function generatePlatformPem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: MIN_MODULUS_BITS,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return privateKey;
}
