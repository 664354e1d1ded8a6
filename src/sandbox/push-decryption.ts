import { createDecipheriv, hkdfSync } from 'node:crypto';
import type { PushKeys } from './push-subscriptions.ts';

const SALT_BYTES = 16;
const TAG_BYTES = 16;
/** Salt, record size, and the length of the key that follows. */
const FIXED_HEADER_BYTES = 21;
const POINT_BYTES = 65;
const LAST_RECORD = 2;

/**
 * A push message's text, as the browser would find it: RFC 8291 over the one record of RFC 8188 that it allows. Null
 * when it was not encrypted for these keys, or not in this way.
 */
export function decryptPush(message: Buffer, keys: PushKeys): string | null {
  if (message.length < FIXED_HEADER_BYTES + POINT_BYTES + TAG_BYTES + 1) return null;
  const recordSize = message.readUInt32BE(SALT_BYTES);
  const isShaped = message[FIXED_HEADER_BYTES - 1] === POINT_BYTES && recordSize >= TAG_BYTES + 2;
  const salt = message.subarray(0, SALT_BYTES);
  const senderKey = message.subarray(FIXED_HEADER_BYTES, FIXED_HEADER_BYTES + POINT_BYTES);
  const record = message.subarray(FIXED_HEADER_BYTES + POINT_BYTES);
  if (!isShaped || record.length > recordSize) return null;
  try {
    return unpad(open(record, deriveKeys(senderKey, salt, keys)));
  } catch {
    return null;
  }
}

interface RecordKeys {
  readonly key: Buffer;
  readonly nonce: Buffer;
}

function deriveKeys(senderKey: Buffer, salt: Buffer, { pair, auth }: PushKeys): RecordKeys {
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), pair.getPublicKey(), senderKey]);
  const secret = derive(pair.computeSecret(senderKey), auth, info, 32);
  return {
    key: derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16),
    nonce: derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12),
  };
}

function derive(secret: Buffer, salt: Buffer, info: Buffer, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, bytes));
}

/** Throws when the record was changed or made with other keys. */
function open(record: Buffer, { key, nonce }: RecordKeys): Buffer {
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(record.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(record.subarray(0, -TAG_BYTES)), decipher.final()]);
}

/** The text ends before the delimiter, and only zeros may follow that. */
function unpad(padded: Buffer): string | null {
  const end = padded.findLastIndex((byte) => byte !== 0);
  return padded[end] === LAST_RECORD ? padded.toString('utf8', 0, end) : null;
}
