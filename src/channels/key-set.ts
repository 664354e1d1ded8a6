import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../model/json.ts';
import type { Outbound } from './outbound.ts';

/** A public key somebody signs with, and whom it may speak for where its publisher says so. */
export interface PublishedKey {
  readonly key: KeyObject;
  readonly endorsements: readonly string[];
}

export interface KeySetOptions {
  readonly url: string;
  /** What is at the URL: the keys, or OpenID metadata whose `jwks_uri` leads to them. */
  readonly leadsTo: 'keys' | 'metadata';
  /** Key ids mapped to X.509 certificates count besides a JWK set. */
  readonly takesCertificates: boolean;
  readonly allowPrivateNetwork: boolean;
}

export interface KeySetTools {
  readonly outbound: Outbound;
  readonly clock: Clock;
}

const FRESH_MS = 3_600_000;
/** Nothing older is believed, though no newer keys be had: one of them may have been stolen since. */
const BELIEVED_MS = 24 * 3_600_000;
/** Whoever makes key ids up may not make us fetch for each of them. */
const ASK_AGAIN_MS = 60_000;
/** While there is no key to believe, everything waits for the next fetch. */
const ASK_ANEW_MS = 5_000;
const FETCH_TIMEOUT_MS = 5_000;
const MAX_KEYS = 100;

/**
 * The RSA keys that a provider publishes and signs its calls with: fetched when first needed, then every hour and when
 * an unknown one appears, by one request for all who wait. While they cannot be fetched, those known before go on
 * counting for a day.
 */
export class KeySet {
  readonly #options: KeySetOptions;
  readonly #tools: KeySetTools;
  #keys: ReadonlyMap<string, PublishedKey> | null = null;
  #fetchedAt = 0;
  /** Not to be fetched again before; monotonic, like the others. */
  #notBefore = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | null = null;

  constructor(options: KeySetOptions, tools: KeySetTools) {
    this.#options = options;
    this.#tools = tools;
  }

  /** Null: there is no such key. `unavailable`: nobody can tell, since the keys could not be had. */
  async find(keyId: string): Promise<PublishedKey | null | 'unavailable'> {
    const isKnown = this.#keysWithin(FRESH_MS)?.has(keyId) === true;
    if (!isKnown) await this.#refresh();
    const keys = this.#keysWithin(BELIEVED_MS);
    return keys === null ? 'unavailable' : (keys.get(keyId) ?? null);
  }

  #keysWithin(ageMs: number): ReadonlyMap<string, PublishedKey> | null {
    return this.#tools.clock.monotonic() - this.#fetchedAt < ageMs ? this.#keys : null;
  }

  #refresh(): Promise<void> | null {
    if (this.#fetching === null && this.#tools.clock.monotonic() >= this.#notBefore) {
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = null;
      });
    }
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { clock } = this.#tools;
    const askedAt = clock.monotonic();
    const url = await this.#locate();
    const document = url === null ? null : await this.#get(url);
    const keys = document === null ? null : readKeys(document, this.#options);
    if (keys !== null) {
      this.#keys = keys;
      this.#fetchedAt = askedAt;
    }
    const waitMs = this.#keysWithin(BELIEVED_MS) === null ? ASK_ANEW_MS : ASK_AGAIN_MS;
    this.#notBefore = clock.monotonic() + waitMs;
  }

  /** Where the keys are; null when the metadata does not tell. */
  async #locate(): Promise<string | null> {
    const { url, leadsTo } = this.#options;
    if (leadsTo === 'keys') return url;
    const keysUrl = (await this.#get(url))?.['jwks_uri'];
    return typeof keysUrl === 'string' && isTrusted(keysUrl, url) ? keysUrl : null;
  }

  async #get(url: string): Promise<JsonObject | null> {
    const { clock, outbound } = this.#tools;
    const { allowPrivateNetwork } = this.#options;
    const deadline = new AbortController();
    const cancel = clock.after(FETCH_TIMEOUT_MS, () => deadline.abort(new DOMException('', 'TimeoutError')));
    const headers = { accept: 'application/json', 'user-agent': 'beckon' };
    const { signal } = deadline;
    const answer = await outbound
      .request({ method: 'GET', url, headers, body: null, signal, allowPrivateNetwork })
      .finally(cancel);
    return answer.kind === 'response' && answer.status === 200 ? parseJsonObject(answer.body) : null;
  }
}

/** The metadata came over TLS from its own host; its keys have to as well, or from the host that was configured. */
function isTrusted(keysUrl: string, metadataUrl: string): boolean {
  const parsed = URL.parse(keysUrl);
  return parsed !== null && (parsed.protocol === 'https:' || parsed.origin === URL.parse(metadataUrl)?.origin);
}

/** Null for what holds no key that we would use. */
function readKeys(
  document: JsonObject,
  { takesCertificates }: KeySetOptions,
): ReadonlyMap<string, PublishedKey> | null {
  const { keys: set } = document;
  const entries = Array.isArray(set)
    ? set.slice(0, MAX_KEYS).map((jwk) => (isJsonObject(jwk) ? readJwk(jwk) : null))
    : Object.entries(takesCertificates ? document : {})
        .slice(0, MAX_KEYS)
        .map(readCertificate);
  const keys = new Map(entries.filter((entry) => entry !== null));
  return keys.size === 0 ? null : keys;
}

type Entry = readonly [keyId: string, key: PublishedKey];

function readJwk({ kid, kty, n, e, endorsements }: JsonObject): Entry | null {
  if (typeof kid !== 'string' || kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return null;
  const named = Array.isArray(endorsements) ? endorsements.filter((name) => typeof name === 'string') : [];
  return readKey(kid, named, () => createPublicKey({ key: { kty, n, e }, format: 'jwk' }));
}

function readCertificate([keyId, pem]: readonly [string, unknown]): Entry | null {
  return typeof pem === 'string' ? readKey(keyId, [], () => createPublicKey(pem)) : null;
}

function readKey(keyId: string, endorsements: readonly string[], read: () => KeyObject): Entry | null {
  try {
    const key = read();
    return key.asymmetricKeyType === 'rsa' ? [keyId, { key, endorsements }] : null;
  } catch {
    return null;
  }
}
