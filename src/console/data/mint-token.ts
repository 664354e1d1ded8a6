import { systemClock } from '../../model/clock.ts';

const LIFE_SECONDS = 3_600;

/**
 * A token of an app whose secret is at hand, good for an hour; null: the browser signs nothing on a page that came over plain
 * HTTP.
 */
export async function mintToken(clientId: string, secret: string): Promise<string | null> {
  // Typed as if it were always there.
  const subtle: SubtleCrypto | undefined = globalThis.crypto.subtle;
  if (subtle === undefined) return null;
  const now = Math.floor(systemClock.now() / 1000);
  const claims = { appId: clientId, sub: 'console', iat: now, exp: now + LIFE_SECONDS };
  const signed = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => base64Url(bytesOf(JSON.stringify(part))))
    .join('.');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await subtle.importKey('raw', bytesOf(secret), algorithm, false, ['sign']);
  return `${signed}.${base64Url(new Uint8Array(await subtle.sign('HMAC', key, bytesOf(signed))))}`;
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const base64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
