import { hash } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import type { ProviderName } from './provider.ts';

/** Something a provider carried out: what reached the recipient, whatever the caller was told about it. */
export interface LedgerEntry {
  /** 1, 2, 3, …: the order of processing and the cursor of `entries`. */
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  readonly provider: ProviderName;
  readonly action: 'send' | 'update' | 'delete';
  /**
   * Teams: `29:…`, aadObjectId or `19:…`; Slack: e-mail (or the bare id); Google: `spaces/…`, or `users/…` for a direct
   * message; WhatsApp: the number's digits or the user id; hooks: the body's `to`, else the hook's name;
   * Twilio: the number; web push: the browser's name.
   */
  readonly recipient: string;
  /**
   * Teams conversation id, Slack channel id, Google space, WhatsApp recipient, hook name, Twilio's sender, sender of the
   * envelope, the browser again.
   */
  readonly conversation: string;
  /** Idempotency key (`webhook-id`, Google's `requestId`, Message-ID), or what WhatsApp echoes, or a push's topic; null where the provider has none. */
  readonly key: string | null;
  /** A send whose key was seen before: a receiver that follows the standard drops it. Not in the counts. */
  readonly replay: boolean;
  /** As told to the caller; null when it was told none. */
  readonly messageId: string | null;
  /** The text, cut to 1,000 characters; null when the message has none. */
  readonly text: string | null;
  /** SHA-1 of the request body's text, hex. */
  readonly bodyHash: string;
  /** The request body, of a push what was encrypted in it; null once newer bodies took its room (the last 16 MiB are kept). */
  readonly body: string | null;
  /** Hooks only. */
  readonly signature: Signature | null;
}

export interface Signature {
  readonly verdict: 'valid' | 'unchecked';
  /** `webhook-timestamp` as sent. */
  readonly timestamp: string | null;
}

export type Processed = Pick<
  LedgerEntry,
  'provider' | 'action' | 'recipient' | 'conversation' | 'key' | 'messageId' | 'text' | 'signature'
> & { readonly body: string };

export interface LedgerFilter {
  readonly provider?: ProviderName;
  readonly recipient?: string;
  /** Only entries with a higher seq. */
  readonly after?: number;
  readonly limit?: number;
}

export interface LedgerCounts {
  /** Sends processed, replays not counted. */
  readonly total: number;
  readonly replays: number;
  /** provider → recipient → sends. */
  readonly recipients: Readonly<Partial<Record<ProviderName, Readonly<Record<string, number>>>>>;
}

export type LedgerMode = 'full' | 'counts';

const TEXT_LENGTH = 1000;
const BODIES_BYTES = 16 * 1024 * 1024;
const SAME_TEXTS = 256;

/**
 * The append-only record of what was processed. In mode `counts` it keeps numbers per recipient and no entries, so
 * that memory grows with people (and idempotency keys), not with messages.
 */
export class Ledger {
  readonly mode: LedgerMode;
  readonly #clock: Clock;
  readonly #onRecord: () => void;
  #entries: StoredEntry[] = [];
  #firstBody = 0;
  #bodiesBytes = 0;
  readonly #sums = new Map<ProviderName, Sums>();
  readonly #keys = new Set<string>();
  readonly #texts = new Map<string, string>();

  /** `onRecord` is called after every entry. */
  constructor(mode: LedgerMode, clock: Clock, onRecord: () => void = () => {}) {
    this.mode = mode;
    this.#clock = clock;
    this.#onRecord = onRecord;
  }

  /** Sends processed so far, by one provider or all; replays not counted. */
  total(provider?: ProviderName): number {
    return this.#sumsOf(provider).reduce((total, [, sums]) => total + sums.total, 0);
  }

  /** Entries so far, of whatever kind. */
  get size(): number {
    return this.#entries.length;
  }

  record(processed: Processed): void {
    const replay = this.#isReplay(processed);
    if (processed.action === 'send') this.#count(processed, replay);
    if (this.mode === 'full') this.#append(processed, replay);
    this.#onRecord();
  }

  /** Entries in order of processing; empty in mode `counts`. */
  entries(filter: LedgerFilter = {}): LedgerEntry[] {
    const found: LedgerEntry[] = [];
    const limit = filter.limit ?? Number.POSITIVE_INFINITY;
    for (let index = filter.after ?? 0; index < this.#entries.length && found.length < limit; index++) {
      const entry = this.#entries[index];
      if (entry !== undefined && matches(entry, filter)) found.push(toEntry(entry));
    }
    return found;
  }

  /** Sends to one recipient, replays not counted. */
  countOf(provider: ProviderName, recipient: string): number {
    return this.#sums.get(provider)?.recipients.get(recipient) ?? 0;
  }

  /** What each recipient got, from one provider or all. */
  counts(provider?: ProviderName): LedgerCounts {
    const sums = this.#sumsOf(provider);
    return {
      total: this.total(provider),
      replays: sums.reduce((replays, [, { replays: more }]) => replays + more, 0),
      recipients: Object.fromEntries(sums.map(([name, { recipients }]) => [name, Object.fromEntries(recipients)])),
    };
  }

  /** The last entry about a message; null when it was never sent or in mode `counts`. */
  lastAbout(provider: ProviderName, conversation: string, messageId: string): LedgerEntry | null {
    const last = this.#entries.findLast(
      (entry) => entry.messageId === messageId && entry.conversation === conversation && entry.provider === provider,
    );
    return last === undefined ? null : toEntry(last);
  }

  clear(): void {
    this.#entries = [];
    this.#firstBody = 0;
    this.#bodiesBytes = 0;
    this.#sums.clear();
    this.#keys.clear();
    this.#texts.clear();
  }

  #isReplay({ key, provider, conversation, action }: Processed): boolean {
    if (key === null || action !== 'send' || ECHOING.has(provider)) return false;
    const scoped = `${provider} ${conversation} ${key}`;
    if (this.#keys.has(scoped)) return true;
    this.#keys.add(scoped);
    return false;
  }

  #count({ provider, recipient }: Processed, replay: boolean): void {
    const sums = this.#sums.get(provider) ?? { total: 0, replays: 0, recipients: new Map<string, number>() };
    this.#sums.set(provider, sums);
    if (replay) {
      sums.replays++;
      return;
    }
    sums.total++;
    sums.recipients.set(recipient, (sums.recipients.get(recipient) ?? 0) + 1);
  }

  #sumsOf(provider: ProviderName | undefined): [ProviderName, Sums][] {
    return [...this.#sums].filter(([name]) => provider === undefined || name === provider);
  }

  #append(processed: Processed, replay: boolean): void {
    this.#entries.push({
      ...processed,
      seq: this.#entries.length + 1,
      at: this.#clock.now(),
      replay,
      text: processed.text === null ? null : this.#shared(processed.text.slice(0, TEXT_LENGTH)),
      bodyHash: null,
    });
    this.#bodiesBytes += processed.body.length;
    this.#dropOldBodies();
  }

  /** A broadcast's text is kept once, not once per recipient. */
  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= SAME_TEXTS) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }

  #dropOldBodies(): void {
    while (this.#bodiesBytes > BODIES_BYTES) {
      const oldest = this.#entries[this.#firstBody++];
      if (oldest === undefined) return;
      this.#bodiesBytes -= oldest.body?.length ?? 0;
      oldest.bodyHash = hashOf(oldest);
      oldest.body = null;
    }
  }
}

/** They hand the key back or heed it for a while only: a second send with it is a second message. */
const ECHOING: ReadonlySet<ProviderName> = new Set(['whatsapp', 'smtp', 'webpush']);

interface Sums {
  total: number;
  replays: number;
  readonly recipients: Map<string, number>;
}

/** The hash is made when somebody asks or the body goes: most entries of a bench meet neither. */
type StoredEntry = Omit<LedgerEntry, 'body' | 'bodyHash'> & { body: string | null; bodyHash: string | null };

function toEntry(stored: StoredEntry): LedgerEntry {
  return { ...stored, bodyHash: hashOf(stored) };
}

function hashOf({ body, bodyHash }: StoredEntry): string {
  return bodyHash ?? hash('sha1', body ?? '', 'hex');
}

function matches(entry: StoredEntry, { provider, recipient }: LedgerFilter): boolean {
  if (provider !== undefined && entry.provider !== provider) return false;
  return recipient === undefined || entry.recipient === recipient;
}
