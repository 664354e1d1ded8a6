import { type CryptoKey, importJWK } from 'jose';
import { isJsonObject, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { ChannelTools } from '../contract.ts';

/** A key that may sign activities, and the channels it speaks for. */
export interface BotKey {
  readonly key: CryptoKey;
  readonly endorsements: readonly string[];
}

const REFRESHED_MS = 12 * 3_600_000;
/** Nothing older is believed, though no newer list be had. */
const CACHED_MS = 24 * 3_600_000;
/** How soon the list is asked for again: for a key it lacks, or after a failure. Anybody can make up the name of one. */
const ASK_AGAIN_MS = 60_000;
const FETCH_TIMEOUT_MS = 5_000;
const MAX_KEYS = 100;

/** The published keys of whoever signs activities: fetched when first needed, by one request for all who wait. */
export class BotKeys {
  readonly #openIdUrl: string;
  readonly #allowPrivateNetwork: boolean;
  readonly #tools: ChannelTools;
  #keys: ReadonlyMap<string, JsonObject> | null = null;
  readonly #imported = new Map<string, Promise<BotKey | null>>();
  #fetchedAt = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | null = null;

  constructor(openIdUrl: string, { allowPrivateNetwork }: Connection, tools: ChannelTools) {
    this.#openIdUrl = openIdUrl;
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#tools = tools;
  }

  /** Null: there is no such key. `unavailable`: the list could not be had. */
  async find(kid: string): Promise<BotKey | null | 'unavailable'> {
    if (this.#age() >= REFRESHED_MS || this.#keys?.has(kid) !== true) await this.#refresh();
    if (this.#keys === null || this.#age() >= CACHED_MS) return 'unavailable';
    return this.#import(kid, this.#keys.get(kid));
  }

  #age(): number {
    return this.#tools.clock.monotonic() - this.#fetchedAt;
  }

  #import(kid: string, jwk: JsonObject | undefined): Promise<BotKey | null> | null {
    if (jwk === undefined) return null;
    const known = this.#imported.get(kid);
    if (known !== undefined) return known;
    const key = importKey(jwk);
    this.#imported.set(kid, key);
    return key;
  }

  #refresh(): Promise<void> | void {
    if (this.#fetching !== null) return this.#fetching;
    const now = this.#tools.clock.monotonic();
    if (now - this.#askedAt < ASK_AGAIN_MS) return;
    this.#askedAt = now;
    this.#fetching = this.#fetch(now).finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  /** Keeps what it had when the list cannot be had. */
  async #fetch(now: number): Promise<void> {
    const jwksUrl = (await this.#get(this.#openIdUrl))?.['jwks_uri'];
    if (typeof jwksUrl !== 'string' || !this.#isTrusted(jwksUrl)) return;
    const listed = (await this.#get(jwksUrl))?.['keys'];
    if (!Array.isArray(listed)) return;
    const keys = listed.slice(0, MAX_KEYS).filter(isJsonObject);
    this.#keys = new Map(keys.map((jwk) => [String(jwk['kid']), jwk]));
    this.#imported.clear();
    this.#fetchedAt = now;
  }

  /** The metadata came over TLS from its own host; its keys have to as well, or from the host that was configured. */
  #isTrusted(url: string): boolean {
    const parsed = URL.parse(url);
    return parsed !== null && (parsed.protocol === 'https:' || parsed.origin === URL.parse(this.#openIdUrl)?.origin);
  }

  async #get(url: string): Promise<JsonObject | null> {
    const { clock, outbound } = this.#tools;
    const deadline = new AbortController();
    const cancel = clock.after(FETCH_TIMEOUT_MS, () => deadline.abort(new DOMException('', 'TimeoutError')));
    const headers = { accept: 'application/json', 'user-agent': 'beckon' };
    const { signal } = deadline;
    const allowPrivateNetwork = this.#allowPrivateNetwork;
    const answer = await outbound
      .request({ method: 'GET', url, headers, body: null, signal, allowPrivateNetwork })
      .finally(cancel);
    return answer.kind === 'response' && answer.status === 200 ? parseJsonObject(answer.body) : null;
  }
}

/** Null for a key that is none we would use. */
async function importKey({ kty, n, e, endorsements }: JsonObject): Promise<BotKey | null> {
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return null;
  const key = await importJWK({ kty, n, e }, 'RS256').catch(() => null);
  if (key === null || key instanceof Uint8Array) return null;
  const named = Array.isArray(endorsements) ? endorsements.filter((name) => typeof name === 'string') : [];
  return { key, endorsements: named };
}
