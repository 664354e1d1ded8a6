import type { Word } from '../../model/news.ts';
import type { Address } from '../../model/outcome.ts';
import type { About, AddressSource, Person } from '../../model/person.ts';
import type { Audited } from './audit.ts';

/** People, where they are reached, and what they do not want. */
export interface Directory {
  /** One query: what is known of each identity (in `identityKey` form) on one connection. Unknown ones are absent. */
  resolve(request: ResolvePeople): Promise<Map<string, Resolved>>;
  upsertPeople(request: Audited & { readonly people: readonly Person[] }): Promise<void>;
  /** Keyset pages by person id. */
  listPeople(request: { readonly botId: string; readonly afterId: string; readonly limit: number }): Promise<Person[]>;
  /** Whose name or identity begins with it. */
  searchPeople(request: PeopleSearch): Promise<FoundPeople>;
  findPerson(request: { readonly botId: string; readonly personId: string }): Promise<Person | null>;
  /** The people of these ids, in any order; unknown ones are absent. */
  findPeople(request: { readonly botId: string; readonly personIds: readonly string[] }): Promise<Person[]>;
  deletePerson(request: Audited & { readonly botId: string; readonly personId: string }): Promise<boolean>;
  saveAddresses(request: { readonly addresses: readonly LearnedAddress[] }): Promise<void>;
  forgetAddresses(request: { readonly addresses: readonly ForgottenAddress[] }): Promise<void>;
  /** Somebody left: addresses on the connection that were learnt by `until` go. */
  dropAddresses(request: DropRequest): Promise<void>;
  /** These addresses were good at `at`. */
  markWorked(request: WorkedRequest): Promise<void>;
  /** Nobody writes to these identities on the connection until they are welcome again; the later word counts (`Word`). */
  silence(request: SilenceRequest): Promise<void>;
  /** The identity is welcome again, whatever was told until now, also if it is told again. False: it was not silenced. */
  liftSilence(request: Audited & LiftRequest): Promise<boolean>;
  /** Which of the identities are silenced, and why. */
  listSilenced(request: ResolveRequest): Promise<Map<string, SilenceReason>>;
  /** Keyset pages by identity. */
  listSilences(request: SilencePage): Promise<Silence[]>;

  /** Replaces what a person does not want to be sent. */
  setPreferences(request: Audited & PreferencesRequest): Promise<void>;
  /** Somebody wants no more of a category over a channel, whatever else they said. */
  decline(request: DeclineRequest): Promise<void>;
  /** They want it over the channel again, unless they declined it there after `saidAt`; what they declined over any channel stays. */
  takeBackDecline(request: DeclineRequest): Promise<void>;
  /** By category, then channel. */
  listPreferences(request: { readonly botId: string; readonly personId: string }): Promise<OptOut[]>;
  /** Who of these people wants nothing of the category over the channel. */
  listOptedOut(request: OptedOutRequest): Promise<string[]>;
}

export interface PeopleSearch {
  readonly botId: string;
  readonly prefix: string;
  /** What comes after this place; null: from the first on. */
  readonly after: {
    readonly by: 'name' | 'identity';
    readonly key: string;
    readonly personId: string;
  } | null;
  readonly limit: number;
}

export interface FoundPeople {
  /** May be fewer than there is room for. */
  readonly people: readonly Person[];
  /** Where the next page begins; null: there is none. */
  readonly next: PeopleSearch['after'];
}

export interface ResolveRequest {
  readonly botId: string;
  readonly connectionId: string;
  readonly identities: readonly string[];
}

/** What is asked of people besides where they are reached. */
export interface ResolvePeople extends ResolveRequest {
  /** Also where they live and what they speak; absent: no, which costs a look-up less for each. */
  readonly about?: boolean;
}

export interface Resolved {
  readonly personId: string;
  readonly address: Address | null;
  /** When the address was last known to be good, epoch ms, to the day; null: never yet. */
  readonly workedAt: number | null;
  /** As it was imported; there if it was asked for. */
  readonly about?: About;
}

export interface OptOut {
  readonly category: string;
  /** Null: over any. */
  readonly channel: string | null;
}

export interface PreferencesRequest {
  readonly botId: string;
  readonly personId: string;
  readonly optOuts: readonly OptOut[];
  readonly at: number;
}

export interface DeclineRequest extends Word {
  readonly botId: string;
  readonly channel: string;
  readonly category: string;
  /** Names of one person: the first that is known says who it is, or else the first of all. */
  readonly identities: readonly [string, ...string[]];
}

export interface OptedOutRequest {
  readonly botId: string;
  readonly category: string;
  readonly channel: string;
  readonly personIds: readonly string[];
}

/** An address that a send or a look-up taught us. The person is created when the identity is new. */
export interface LearnedAddress {
  readonly botId: string;
  readonly connectionId: string;
  readonly channel: string;
  readonly connectionName: string | null;
  readonly identity: string;
  /** Other names of the same person. The first that is known, `identity` before these, says who it is. */
  readonly alsoKnownAs?: readonly string[];
  readonly address: Address;
  readonly source: AddressSource;
  /** What is known since later stays. */
  readonly at: number;
}

export interface ForgottenAddress {
  readonly botId: string;
  readonly connectionId: string;
  readonly personId: string;
  /** Only if it is still this one: a newer address stays. */
  readonly channelId: string;
}

export interface DropRequest extends ResolveRequest {
  readonly until: number;
}

export interface WorkedRequest {
  readonly addresses: readonly { readonly botId: string; readonly personId: string; readonly connectionId: string }[];
  readonly at: number;
}

export type SilenceReason = 'opted_out' | 'address_dead';

export interface SilenceRequest {
  readonly botId: string;
  readonly connectionId: string;
  /** In the order in which they came. `reason` null: welcome again. */
  readonly entries: readonly (Word & Omit<Silence, 'reason'> & { readonly reason: SilenceReason | null })[];
}

export interface LiftRequest {
  readonly botId: string;
  readonly connectionId: string;
  readonly identity: string;
  readonly at: number;
}

export interface Silence {
  readonly identity: string;
  readonly reason: SilenceReason;
  readonly detail: string | null;
  readonly at: number;
}

export interface SilencePage {
  readonly botId: string;
  readonly connectionId: string;
  readonly afterIdentity: string;
  readonly limit: number;
}
