import { globToRegExp, isGlob } from './glob.ts';

export const TEAMS_STATES = ['installed', 'not_installed', 'blocked', 'disabled_by_admin', 'unknown'] as const;
export type TeamsState = (typeof TEAMS_STATES)[number];

export const SLACK_STATES = ['active', 'deleted', 'guest', 'tab_disabled', 'unknown'] as const;
export type SlackState = (typeof SLACK_STATES)[number];

export const GOOGLE_STATES = ['member', 'removed', 'unknown', 'api_disabled'] as const;
export type GoogleState = (typeof GOOGLE_STATES)[number];

export const WHATSAPP_STATES = ['reachable', 'unknown', 'country_blocked', 'opted_out', 'capped'] as const;
export type WhatsappState = (typeof WHATSAPP_STATES)[number];

export const TWILIO_STATES = ['reachable', 'stopped', 'landline', 'no_route', 'country_blocked', 'unknown'] as const;
export type TwilioState = (typeof TWILIO_STATES)[number];

export const PUSH_STATES = ['subscribed', 'gone', 'unknown', 'other_key'] as const;
export type PushState = (typeof PUSH_STATES)[number];

export interface TeamsPerson {
  /** `29:…`, an aadObjectId or an e-mail address; exact, or a pattern with `*` and `?`. */
  readonly match: string;
  /** A second name for the same person; only with an exact `match`. */
  readonly aadObjectId?: string;
  /** A third one, and the UPN in Graph; only with an exact `match`. */
  readonly email?: string;
  /** The mail address in Graph, where it is not the UPN. */
  readonly mail?: string;
  /** Somebody from another organisation. */
  readonly guest?: boolean;
  readonly state: TeamsState;
  /** Raise it to make every conversation created so far vanish (404) and be made anew. */
  readonly generation?: number;
}

export interface SlackPerson {
  /** E-mail, or a `U…`/`C…` id; exact, or a pattern. */
  readonly match: string;
  /** The user's id, instead of the one derived from the e-mail. */
  readonly id?: string;
  readonly name?: string;
  readonly state: SlackState;
}

export interface GooglePerson {
  /** `spaces/…`, or `users/…` for a direct message; exact, or a pattern. */
  readonly match: string;
  /** The space of a user's direct message, instead of the one derived from the user; only with an exact `match`. */
  readonly space?: string;
  /** `removed`: the app is no member. `api_disabled` is said of the whole project; give it to the pattern `*`. */
  readonly state: GoogleState;
}

export interface WhatsappPerson {
  /** Digits of the number without a plus, or a business-scoped user id; exact, or a pattern. */
  readonly match: string;
  /** `unknown`: not on WhatsApp. `capped`: enough marketing for now. */
  readonly state: WhatsappState;
}

export interface TwilioPerson {
  /** A phone number with its `+`; exact, or a pattern. */
  readonly match: string;
  /** `stopped`: they answered STOP. `country_blocked`: the account may not write to their country. */
  readonly state: TwilioState;
}

export interface PushPerson {
  /** A browser's name, the last part of its endpoint; exact, or a pattern. */
  readonly match: string;
  /** `gone`: unsubscribed. `other_key`: subscribed with another VAPID key. */
  readonly state: PushState;
}

export interface PeopleChange {
  /** Forgets everybody first, the built-in patterns too. */
  readonly replace?: boolean;
  /** Strict: who is not listed is unknown. */
  readonly strict?: boolean;
  readonly teams?: readonly TeamsPerson[];
  readonly slack?: readonly SlackPerson[];
  readonly google?: readonly GooglePerson[];
  readonly twilio?: readonly TwilioPerson[];
  readonly whatsapp?: readonly WhatsappPerson[];
  readonly webpush?: readonly PushPerson[];
}

/** With no set-up everybody exists, except those whose names say otherwise, so that a demo has something to show. */
export const BUILT_IN: PeopleChange = {
  teams: [
    { match: '29:unknown*', state: 'unknown' },
    { match: '29:blocked*', state: 'blocked' },
    { match: '29:removed*', state: 'not_installed' },
    { match: '29:forbidden*', state: 'disabled_by_admin' },
    { match: 'unknown*@*', state: 'unknown' },
    { match: 'blocked*@*', state: 'blocked' },
    { match: 'removed*@*', state: 'not_installed' },
    { match: 'forbidden*@*', state: 'disabled_by_admin' },
    { match: 'guest*@*', state: 'installed', guest: true },
  ],
  slack: [
    { match: 'unknown*', state: 'unknown' },
    { match: 'deleted*', state: 'deleted' },
    { match: 'guest*', state: 'guest' },
  ],
  google: [
    { match: 'spaces/unknown*', state: 'unknown' },
    { match: 'users/unknown*', state: 'unknown' },
    { match: 'spaces/removed*', state: 'removed' },
    { match: 'users/removed*', state: 'removed' },
  ],
  // The numbers Twilio reserves for trying out what goes wrong.
  twilio: [
    { match: '+15005550001', state: 'unknown' },
    { match: '+15005550002', state: 'no_route' },
    { match: '+15005550003', state: 'country_blocked' },
    { match: '+15005550004', state: 'stopped' },
    { match: '+15005550009', state: 'landline' },
  ],
  // No country has the code 999; what follows is the error.
  whatsapp: [
    { match: '999131026*', state: 'unknown' },
    { match: '999130497*', state: 'country_blocked' },
    { match: '999131050*', state: 'opted_out' },
    { match: '999131049*', state: 'capped' },
  ],
  webpush: [
    { match: 'gone*', state: 'gone' },
    { match: 'unknown*', state: 'unknown' },
    { match: 'otherkey*', state: 'other_key' },
  ],
};

/** Who exists, and in which state. Exact entries beat patterns; among patterns the latest wins. */
export class People {
  #strict = false;
  #teams = new Roster<TeamsPerson>('s');
  #slack = new Roster<SlackPerson>('si');
  #google = new Roster<GooglePerson>('s');
  #twilio = new Roster<TwilioPerson>('s');
  #whatsapp = new Roster<WhatsappPerson>('s');
  #webpush = new Roster<PushPerson>('s');

  /** Back to the built-in patterns (none of them when strict), then this change. */
  reset(change: PeopleChange): void {
    this.change({ replace: true, strict: false });
    if (change.strict !== true) this.change(BUILT_IN);
    this.change(change);
  }

  change({ replace, strict, teams, slack, google, twilio, whatsapp, webpush }: PeopleChange): void {
    if (replace === true) {
      this.#teams = new Roster('s');
      this.#slack = new Roster('si');
      this.#google = new Roster('s');
      this.#twilio = new Roster('s');
      this.#whatsapp = new Roster('s');
      this.#webpush = new Roster('s');
    }
    this.#strict = strict ?? this.#strict;
    for (const person of teams ?? []) {
      const match = emailName(person.match);
      this.#teams.put({ ...person, match }, person.aadObjectId);
      for (const name of [person.email, person.mail]) this.#teams.alias(name?.toLowerCase(), match);
    }
    for (const person of slack ?? []) this.#slack.put({ ...person, match: emailName(person.match) }, person.id);
    for (const person of google ?? []) this.#google.put(person, person.space);
    for (const person of twilio ?? []) this.#twilio.put(person, undefined);
    for (const person of whatsapp ?? []) this.#whatsapp.put(person, undefined);
    for (const person of webpush ?? []) this.#webpush.put(person, undefined);
  }

  /** By Teams id, aadObjectId or e-mail. `match` of the answer is the person's one name in the ledger. */
  teamsPerson(name: string): TeamsPerson {
    const member = emailName(name);
    const known = this.#teams.find(member);
    if (known === undefined) return { match: member, state: this.#strict ? 'unknown' : 'installed' };
    return isGlob(known.match) ? { ...known, match: member } : known;
  }

  /** By e-mail, in any case of letters, or by id. */
  slackPerson(emailOrId: string): SlackPerson {
    const name = emailName(emailOrId);
    const known = this.#slack.find(name);
    if (known === undefined) return { match: name, state: this.#strict ? 'unknown' : 'active' };
    return isGlob(known.match) ? { ...known, match: name } : known;
  }

  /** By `spaces/…` or `users/…`. A direct message is one with its user. */
  googlePerson(name: string): GooglePerson {
    const known = this.#google.find(name);
    if (known === undefined) return { match: name, state: this.#strict ? 'unknown' : 'member' };
    return isGlob(known.match) ? { ...known, match: name } : known;
  }

  /** By the digits of a number, or by a business-scoped user id. */
  whatsappPerson(name: string): WhatsappPerson {
    const known = this.#whatsapp.find(name);
    if (known === undefined) return { match: name, state: this.#strict ? 'unknown' : 'reachable' };
    return isGlob(known.match) ? { ...known, match: name } : known;
  }

  /** By phone number. */
  twilioPerson(to: string): TwilioPerson {
    const state = this.#twilio.find(to)?.state ?? (this.#strict ? 'unknown' : 'reachable');
    return { match: to, state };
  }

  /** By the browser's name. */
  pushPerson(name: string): PushPerson {
    const state = this.#webpush.find(name)?.state ?? (this.#strict ? 'unknown' : 'subscribed');
    return { match: name, state };
  }

  /** The Google spaces and users that have an entry of their own. */
  listGoogle(): GooglePerson[] {
    return this.#google.listExact();
  }

  /** The Slack people that have an entry of their own. */
  listSlack(): SlackPerson[] {
    return this.#slack.listExact();
  }
}

function emailName(emailOrId: string): string {
  return emailOrId.includes('@') ? emailOrId.toLowerCase() : emailOrId;
}

class Roster<Person extends { readonly match: string }> {
  readonly #flags: string;
  readonly #exact = new Map<string, Person>();
  readonly #aliases = new Map<string, string>();
  #patterns: { readonly person: Person; readonly pattern: RegExp }[] = [];

  constructor(flags: string) {
    this.#flags = flags;
  }

  put(person: Person, alias: string | undefined): void {
    this.alias(alias, person.match);
    if (!isGlob(person.match)) {
      this.#exact.set(person.match, person);
      return;
    }
    this.#patterns = this.#patterns.filter((other) => other.person.match !== person.match);
    this.#patterns.unshift({ person, pattern: globToRegExp(person.match, this.#flags) });
  }

  alias(alias: string | undefined, match: string): void {
    if (alias !== undefined) this.#aliases.set(alias, match);
  }

  find(name: string): Person | undefined {
    const exact = this.#exact.get(name) ?? this.#exact.get(this.#aliases.get(name) ?? '');
    return exact ?? this.#patterns.find(({ pattern }) => pattern.test(name))?.person;
  }

  listExact(): Person[] {
    return [...this.#exact.values()];
  }
}
