import { createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { CompactEncrypt, calculateJwkThumbprint, exportJWK, SignJWT } from 'jose';
import type { App } from '../model/tenancy.ts';
import { CommandFailure, EXIT } from './exit.ts';

export interface Mint {
  readonly app: App;
  readonly subject: string;
  readonly lifeSeconds: number;
  /** With an id of its own: good for one call. Apps that enforce JTI get one in any case. */
  readonly once: boolean;
  /** PEM of the app's private key; RS… apps keep theirs outside the configuration. */
  readonly privateKey: string | null;
  /** PEM of the platform's private key, whose public half encrypts; needed by apps that enforce JWE. */
  readonly platformKey: string | null;
  /** Epoch ms. */
  readonly now: number;
}

/** A token the server lets in, made from what the configuration says about the app. */
export async function mintToken(mint: Mint): Promise<string> {
  const { app } = mint;
  const issuedAt = Math.floor(mint.now / 1000);
  const claims = {
    appId: app.clientId,
    sub: mint.subject,
    ...(mint.once || app.enforceJti ? { jti: randomUUID() } : {}),
  };
  const signed = await new SignJWT(claims)
    .setProtectedHeader({ alg: app.algorithm, typ: 'JWT' })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + mint.lifeSeconds)
    .sign(signingKey(mint));
  return app.enforceJwe ? encrypt(signed, mint.platformKey) : signed;
}

function signingKey({ app, privateKey }: Mint): KeyObject | Uint8Array {
  if (app.algorithm === 'HS256' || app.algorithm === 'HS512') return new TextEncoder().encode(app.key);
  if (privateKey === null) {
    throw new CommandFailure(`${app.clientId} signs with ${app.algorithm}: give its --private-key <file>.`, EXIT.usage);
  }
  const key = readPrivateKey(privateKey);
  const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  if (publicPem === app.key) return key;
  throw new CommandFailure(`--private-key: does not belong to the publicKey of ${app.clientId}.`, EXIT.usage);
}

function readPrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new CommandFailure('--private-key: the file holds no private key in PEM form.', EXIT.usage);
  }
}

async function encrypt(signed: string, platformKey: string | null): Promise<string> {
  if (platformKey === null) {
    const sentence = 'The app takes encrypted tokens only: set BECKON_PLATFORM_KEY_FILE to encrypt for this platform.';
    throw new CommandFailure(sentence, EXIT.usage);
  }
  const publicKey = createPublicKey(platformKey);
  const kid = await calculateJwkThumbprint(await exportJWK(publicKey));
  return new CompactEncrypt(new TextEncoder().encode(signed))
    .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM', typ: 'JWT', kid })
    .encrypt(publicKey);
}
