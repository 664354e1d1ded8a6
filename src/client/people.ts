import type { JsonObject } from '../model/json.ts';
import type { AddressSource } from '../model/person.ts';
import type { Ask } from './client.ts';

/** Somebody of the directory. Times are ISO 8601. */
export interface DirectoryPerson {
  /** `u-…` */
  readonly id: string;
  readonly email?: string;
  readonly upn?: string;
  readonly phone?: string;
  readonly identities?: readonly string[];
  readonly name?: string;
  readonly locale?: string;
  readonly timeZone?: string;
  readonly tags?: readonly string[];
  readonly attributes?: JsonObject;
  readonly addresses: readonly DirectoryAddress[];
}

export interface DirectoryAddress {
  readonly channel: string;
  /** The connection's; null where a bot has one of the channel. */
  readonly name: string | null;
  readonly channelId: string;
  readonly reference: JsonObject | null;
  readonly connectionId: string;
  readonly source: AddressSource;
  readonly learnedAt: string;
  /** Null: never yet. */
  readonly lastWorkedAt: string | null;
}

export interface DirectoryPage {
  readonly people: readonly DirectoryPerson[];
  /** Null: this is the last. */
  readonly nextCursor: string | null;
}

export interface DirectoryRequest {
  readonly botId: string;
  /** What one of their names begins with; absent: everybody. */
  readonly q?: string;
  /** 1 to 500. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

export interface PersonKey {
  readonly botId: string;
  /** `u-…` */
  readonly personId: string;
  readonly signal?: AbortSignal;
}

/** What an import did; `errors` is cut, the numbers are not. */
export interface ImportReport {
  readonly read: number;
  readonly imported: number;
  readonly bad: number;
  readonly errors: readonly { readonly line: number; readonly field: string | null; readonly message: string }[];
}

export interface PeopleCalls {
  list(request: DirectoryRequest): Promise<DirectoryPage>;
  get(key: PersonKey): Promise<DirectoryPerson>;
  /** With all addresses. What was sent to them before keeps its record. */
  remove(key: PersonKey): Promise<void>;
}

export function createPeopleCalls(base: string, ask: Ask): PeopleCalls {
  const all = (botId: string) => `${base}/api/v1/bots/${encodeURIComponent(botId)}/people`;
  const one = ({ botId, personId }: PersonKey) => `${all(botId)}/${encodeURIComponent(personId)}`;
  return {
    list: ({ botId, signal, ...page }) => {
      const given = Object.entries(page).map(([name, value]): [string, string] => [name, String(value)]);
      return ask('GET', `${all(botId)}?${new URLSearchParams(given)}`, signal);
    },
    get: (key) => ask('GET', one(key), key.signal),
    remove: (key) => ask('DELETE', one(key), key.signal),
  };
}
