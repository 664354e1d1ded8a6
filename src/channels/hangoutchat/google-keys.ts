import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Outbound } from '../outbound.ts';

export interface GoogleKeysOptions {
  readonly url: string;
  readonly allowPrivateNetwork: boolean;
  readonly outbound: Outbound;
  readonly clock: Clock;
}

const FRESH_MS = 3_600_000;
/** Whoever makes key ids up may not make us fetch for each of them. */
const REFETCH_MS = 60_000;
const RETRY_MS = 5_000;
const FETCH_TIMEOUT_MS = 5_000;

/**
 * The public keys that Google signs with, fetched when first needed, then every hour, and when an unknown key appears.
 * While they cannot be fetched, those known before go on counting.
 */
export class GoogleKeys {
  readonly #options: GoogleKeysOptions;
  #keys: ReadonlyMap<string, KeyObject> | null = null;
  #freshUntil = 0;
  /** Not to be fetched again before, by the monotonic clock. */
  #notBefore = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | null = null;

  constructor(options: GoogleKeysOptions) {
    this.#options = options;
  }

  /** Null: Google has no such key. `unavailable`: nobody can tell, since keys were never got. */
  async find(keyId: string): Promise<KeyObject | null | 'unavailable'> {
    const now = this.#options.clock.monotonic();
    const isKnown = this.#keys?.has(keyId) === true && now < this.#freshUntil;
    if (!isKnown && (now >= this.#notBefore || this.#fetching !== null)) await this.#refresh();
    return this.#keys === null ? 'unavailable' : (this.#keys.get(keyId) ?? null);
  }

  #refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { url, outbound, clock, allowPrivateNetwork } = this.#options;
    const answer = await outbound.request({
      method: 'GET',
      url,
      headers: { accept: 'application/json' },
      body: null,
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      allowPrivateNetwork,
    });
    const keys = answer.kind === 'response' && answer.status === 200 ? readKeys(answer.body) : null;
    const now = clock.monotonic();
    this.#notBefore = now + (keys === null ? RETRY_MS : REFETCH_MS);
    if (keys === null) return;
    this.#keys = keys;
    this.#freshUntil = now + FRESH_MS;
  }
}

/** Reads a JWK set, or Google's mapping of key ids to certificates; null for anything that holds no key. */
function readKeys(body: string): ReadonlyMap<string, KeyObject> | null {
  const document = parseJsonObject(body);
  if (document === null) return null;
  const { keys: set } = document;
  const entries = Array.isArray(set) ? set.filter(isJsonObject).map(readJwk) : Object.entries(document).map(readPem);
  const keys = new Map(entries.filter((entry) => entry !== null));
  return keys.size === 0 ? null : keys;
}

type Entry = readonly [keyId: string, key: KeyObject];

function readJwk(jwk: JsonObject): Entry | null {
  const { kid, kty, n, e } = jwk;
  if (typeof kid !== 'string' || kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return null;
  return readKey(kid, () => createPublicKey({ key: { kty, n, e } satisfies JsonWebKey, format: 'jwk' }));
}

function readPem([keyId, pem]: readonly [string, unknown]): Entry | null {
  return typeof pem === 'string' ? readKey(keyId, () => createPublicKey(pem)) : null;
}

function readKey(keyId: string, read: () => KeyObject): Entry | null {
  try {
    const key = read();
    return key.asymmetricKeyType === 'rsa' ? [keyId, key] : null;
  } catch {
    return null;
  }
}
