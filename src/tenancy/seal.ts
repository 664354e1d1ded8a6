import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Where something sealed is kept. It opens nowhere else: not in another row, column or table, nor of another tenant. */
export interface Place {
  /** The bot; empty: of no one bot. */
  readonly tenant: string;
  readonly table: string;
  readonly column: string;
  readonly row: string;
}

/** It was changed, moved, or sealed with another key; which of these cannot be told. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  constructor({ table, column, row }: Place) {
    super(`${table}.${column} of ${row} cannot be opened: it was changed or moved, or sealed with another key`);
  }
}

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 'v1';

/**
 * AES-256-GCM with a random nonce, as `v1.<key version>.<base64url of nonce, ciphertext and tag>`. A key is good for
 * 2³² of these; each is a call to the admin API.
 */
export function seal(key: Uint8Array, plain: string | Uint8Array, place: Place, version: number): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(place, version));
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `${FORMAT}.${version}.${sealed.toString('base64url')}`;
}

/** Throws `SealBroken`. */
export function unseal(key: Uint8Array, sealed: string, place: Place): Buffer {
  const { version, bytes } = parse(sealed, place);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(associated(place, version));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new SealBroken(place);
  }
}

/** Of the key that sealed it. */
export const versionOf = (sealed: string, place: Place): number => parse(sealed, place).version;

function parse(sealed: string, place: Place): { readonly version: number; readonly bytes: Buffer } {
  const [format, version = '', text = '', ...rest] = sealed.split('.');
  const bytes = Buffer.from(text, 'base64url');
  const isWhole = bytes.length >= NONCE_BYTES + TAG_BYTES && bytes.toString('base64url') === text;
  if (format !== FORMAT || !/^[1-9]\d{0,8}$/.test(version) || rest.length > 0 || !isWhole) throw new SealBroken(place);
  return { version: Number(version), bytes };
}

const associated = ({ tenant, table, column, row }: Place, version: number): Buffer =>
  Buffer.from(JSON.stringify([tenant, table, column, row, version]));
