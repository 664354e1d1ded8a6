import type { JsonObject } from './json.ts';
import type { Address } from './outcome.ts';

/** A directory entry. Each of `email`, `upn`, `phone` and `identities` can be used to name the person. */
export interface Person {
  readonly botId: string;
  /** `u-…` */
  readonly id: string;
  readonly email: string | null;
  readonly upn: string | null;
  readonly phone: string | null;
  readonly identities: readonly string[];
  readonly name: string | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly tags: readonly string[];
  readonly attributes: JsonObject;
  readonly addresses: readonly PersonAddress[];
}

/** What decides how and when a person is written to. */
export type About = Pick<Person, 'locale' | 'timeZone'>;

export interface PersonAddress extends Address {
  readonly connectionId: string;
  readonly channel: string;
  /** The connection's name, null where a bot has one of the channel. */
  readonly connectionName: string | null;
  /** Where we have it from: `import`, `lookup`, `send`, `inbound`. */
  readonly source: AddressSource;
  /** Epoch ms when it was learnt. */
  readonly at: number;
  /** Epoch ms when a provider last took a message for it, to the day; absent: never. */
  readonly workedAt?: number;
}

export type AddressSource = 'import' | 'lookup' | 'send' | 'inbound';

/** Every identity a person can be named by, normalised. */
export function identityKeys(person: Pick<Person, 'email' | 'upn' | 'phone' | 'identities'>): string[] {
  const given = [person.email, person.upn, person.phone, ...person.identities].filter((value) => value !== null);
  return [...new Set(given.map(identityKey))];
}

/**
 * The form under which identities are compared: e-mail-like ones ignore case (providers treat the local part so),
 * phone numbers drop the plus and separators, anything else is taken as it stands.
 */
export function identityKey(identity: string): string {
  const trimmed = identity.trim();
  if (trimmed.includes('@')) return trimmed.toLowerCase();
  if (/^\+?[0-9][0-9 ().-]{4,}$/.test(trimmed)) return trimmed.replace(/[^0-9]/g, '');
  return trimmed;
}
