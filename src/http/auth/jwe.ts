import { compactDecrypt } from 'jose';
import { Fault } from '../faults.ts';
import { checkHeader, decodeObject, splitCompact } from './compact.ts';
import type { PlatformKey } from './platform-key.ts';

/** RSA1_5, which Kore's page also lists, is not offered: its padding is an oracle and jose does not implement it. */
const KEY_ALGORITHMS = ['RSA-OAEP'];
const CONTENT_ALGORITHMS = ['A128CBC-HS256', 'A128GCM', 'A256GCM'];

/** Opens an encrypted token and answers the signed one inside. Encryption alone proves nothing about the sender. */
export async function openEncryptedToken(parts: readonly string[], key: PlatformKey): Promise<string[]> {
  const header = decodeObject(parts[0]);
  checkHeader(header);
  if (header['kid'] !== key.kid) throw new Fault('token_refused');

  const inner = splitCompact(await decrypt(parts.join('.'), key));
  if (inner.length !== 3) throw new Fault('token_malformed');
  return inner;
}

async function decrypt(token: string, key: PlatformKey): Promise<string> {
  try {
    const { plaintext } = await compactDecrypt(token, key.privateKey, {
      keyManagementAlgorithms: KEY_ALGORITHMS,
      contentEncryptionAlgorithms: CONTENT_ALGORITHMS,
      maxDecompressedLength: 0,
    });
    return Buffer.from(plaintext).toString('latin1');
  } catch {
    throw new Fault('token_refused');
  }
}
