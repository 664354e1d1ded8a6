import type { Clock } from '../../model/clock.ts';
import type { LookUp } from '../contract.ts';
import { ExpiringCache } from '../expiring-cache.ts';
import { normaliseEmail, readMember } from './member.ts';
import { MemberList, type MemberListParts, type Roster } from './member-list.ts';
import { MethodPause } from './method-pause.ts';
import type { SlackRefusal } from './refusals.ts';
import type { SlackAnswer, SlackWebApi } from './web-api.ts';

/** A user's id; null: Slack says there is nobody to reach; a refusal: it did not say. */
type Found = string | null | SlackRefusal;

const FOUND_MS = 3_600_000;
const ABSENT_MS = 600_000;
const REMEMBERED_PEOPLE = 100_000;
const AT_ONCE = 4;
const MINUTE_MS = 60_000;
/** Tier 3 and Tier 2; bursts up to a minute's worth are welcome. */
const LOOK_UPS_PER_MINUTE = 50;
const PAGES_PER_MINUTE = 20;

/**
 * Finds users by e-mail, each by a call of its own or all by the list of members. Fifty look-ups go out at once; the
 * 51st would wait for the next minute, in which the list brings 20 pages of nearly a thousand. So more people than a
 * minute's look-ups are found on the list, and in a workspace known to have more than 20 pages, more than the look-ups
 * of the time its pages take.
 */
export class PeopleLookUp {
  readonly #api: SlackWebApi;
  readonly #clock: Clock;
  readonly #judge: MemberListParts['judge'];
  readonly #list: MemberList;
  readonly #pause: MethodPause;
  /** What look-ups found since the list was read, hence newer than the list. */
  #remembered: ExpiringCache<string | null>;
  #roster: Roster | null = null;
  /** When the look-ups of the last minute were made, monotonic ms, oldest first. */
  #askedAt: number[] = [];

  constructor(parts: MemberListParts) {
    this.#api = parts.api;
    this.#clock = parts.clock;
    this.#judge = parts.judge;
    this.#list = new MemberList(parts);
    this.#pause = new MethodPause('users.lookupByEmail', parts.clock);
    this.#remembered = new ExpiringCache(REMEMBERED_PEOPLE, parts.clock);
  }

  /** In the order of `identities`. */
  async find(identities: readonly string[], signal: AbortSignal): Promise<LookUp[]> {
    const emails = identities.map(normaliseEmail);
    const cold = [...new Set(emails)].filter((email) => canBeAsked(email) && this.#recall(email) === undefined);
    const found = cold.length === 0 ? NOTHING : await this.#ask(cold, signal);
    return emails.map((email) => toLookUp(found.get(email) ?? this.#recall(email) ?? null));
  }

  close(): void {
    this.#list.close();
  }

  async #ask(emails: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Found>> {
    if (!this.#areMany(emails.length)) return this.#askEach(emails, signal);
    const roster = await this.#list.read(signal);
    if (!('ids' in roster)) return new Map(emails.map((email) => [email, roster]));
    this.#keep(roster);
    const unlisted = emails.filter((email) => this.#recall(email) === undefined);
    return this.#askEach(unlisted, signal);
  }

  #areMany(count: number): boolean {
    const since = this.#clock.monotonic() - MINUTE_MS;
    this.#askedAt = this.#askedAt.filter((at) => at > since);
    const minutesOfPages = Math.max(1, this.#list.knownPages / PAGES_PER_MINUTE);
    return count + this.#askedAt.length > LOOK_UPS_PER_MINUTE * minutesOfPages && !this.#hasFreshList();
  }

  #hasFreshList(): boolean {
    return this.#roster !== null && this.#clock.monotonic() - this.#roster.readAt < ABSENT_MS;
  }

  #keep(roster: Roster): void {
    if (this.#roster === roster) return;
    this.#roster = roster;
    if (roster.isWhole) this.#remembered = new ExpiringCache(REMEMBERED_PEOPLE, this.#clock);
  }

  /** Undefined: not known, or not any more. */
  #recall(email: string): string | null | undefined {
    const remembered = this.#remembered.get(email);
    return remembered === undefined ? this.#readRoster(email) : remembered;
  }

  #readRoster(email: string): string | null | undefined {
    if (this.#roster === null) return undefined;
    const ageMs = this.#clock.monotonic() - this.#roster.readAt;
    if (ageMs >= FOUND_MS) this.#roster = null;
    const id = this.#roster?.ids.get(email);
    if (id !== undefined) return id;
    return this.#roster?.isWhole === true && ageMs < ABSENT_MS ? null : undefined;
  }

  async #askEach(emails: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Found>> {
    const now = this.#clock.monotonic();
    // Noted before the first is made: others may decide in the same instant.
    for (let i = 0; i < emails.length; i++) this.#askedAt.push(now);
    const found = new Map<string, Found>();
    const waiting = emails.values();
    const work = async () => {
      for (const email of waiting) found.set(email, await this.#askOne(email, signal));
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, emails.length) }, work));
    return found;
  }

  async #askOne(email: string, signal: AbortSignal): Promise<Found> {
    while (await this.#pause.over(signal)) {
      const answer = await this.#api.call('users.lookupByEmail', { email }, { signal });
      const found = this.#read(answer);
      if (found === null || typeof found === 'string') {
        this.#remembered.set(email, found, found === null ? ABSENT_MS : FOUND_MS);
        return found;
      }
      if (found.kind !== 'busy') return found;
      this.#pause.begin(found.retryAfterMs);
    }
    return this.#pause.asBusy();
  }

  #read(answer: SlackAnswer): Found {
    if (answer.kind === 'no' && ABSENT.has(answer.error)) return null;
    if (answer.kind !== 'ok') return aboutOne(this.#judge(answer));
    const member = readMember(answer.body['user']);
    if (member === null) return NO_USER;
    return member.isReachable ? member.id : null;
  }
}

const NOTHING: ReadonlyMap<string, Found> = new Map();

/** Guests and people who left are not found either. */
const ABSENT: ReadonlySet<string> = new Set(['users_not_found', 'user_not_found', 'user_not_visible', 'user_disabled']);

const NO_USER: SlackRefusal = {
  kind: 'failed',
  reason: 'provider_error',
  detail: 'Slack answered users.lookupByEmail without a user.',
};

/** Arguments that Slack does not like are this person's address; the message is not even among them. */
function aboutOne(refusal: SlackRefusal): SlackRefusal {
  return refusal.kind === 'rejected' && refusal.scope === 'message' ? { ...refusal, scope: 'recipient' } : refusal;
}

const canBeAsked = (email: string): boolean =>
  email.length <= 320 && email.isWellFormed() && /^[^\s@]+@[^\s@]+$/.test(email);

function toLookUp(found: Found): LookUp {
  if (found === null) return { kind: 'absent' };
  if (typeof found === 'string') return { kind: 'found', address: { channelId: found, reference: null } };
  return { kind: 'unavailable', outcome: found };
}
