import type { Parameters } from './message.ts';
import type { Log, Notification, NotificationSummary, Recipient } from './notification.ts';
import type { PeopleFilter } from './people-filter.ts';
import { identityKey, type Person } from './person.ts';
import { defaultExpiry } from './timing.ts';

/** How the recipients of a notification are chosen from those who are named for it. */
export interface AudiencePlan {
  /** Whoever is named a second time is not sent it again. */
  readonly deduplicate: boolean;
  /** Of all, beneath each one's own. */
  readonly parameters: Parameters | null;
  /** Where they come from; absent: they are uploaded. */
  readonly from?: AudienceSource;
  /** Who is left out, whoever names them; absent: nobody is. */
  readonly exclude?: Exclusion;
  /** Once all are there somebody decides whether it is sent. Absent: it is. */
  readonly isHeld?: true;
}

export type AudienceSource =
  /** Whoever of the directory fits, by the name that a channel goes by before their others. */
  | { readonly kind: 'filter'; readonly filter: PeopleFilter; readonly prefers: 'email' | 'phone' }
  | { readonly kind: 'named'; readonly recipients: readonly Recipient[] }
  /** Those who have another notification. `over`: by step, the connection to reach their message through; null: it cannot be. */
  | { readonly kind: 'delivered'; readonly notificationId: string; readonly over: readonly (string | null)[] };

/** People, not names: whoever is named in another way is left out too, as far as the directory knows. */
export interface Exclusion {
  readonly identities?: readonly string[];
  /** Who has one of them. */
  readonly tags?: readonly string[];
  /** All recipients of these, whatever became of them. */
  readonly notifications?: readonly string[];
}

/** How recipients were chosen, as it is kept with their notification: of people who are left out by name, only how many. */
export interface Choice {
  /** Absent: they were named. Empty: everybody the directory has. */
  readonly filter?: PeopleFilter;
  readonly exclude?: Omit<Exclusion, 'identities'> & { readonly identities?: number };
}

export function choiceOf({ from, exclude }: Pick<AudiencePlan, 'from' | 'exclude'>): Choice | null {
  const filter = from?.kind === 'filter' ? { filter: from.filter } : {};
  const { identities, ...others } = exclude ?? {};
  const left = { ...(identities && { identities: identities.length }), ...others };
  const choice = { ...filter, ...(exclude && { exclude: left }) };
  return Object.keys(choice).length === 0 ? null : choice;
}

/** What became of one that nobody was found for: it is over, and has reached nobody. `at`: epoch ms. */
export function endedForNobody(
  {
    message: _,
    expiresAt,
    ...asked
  }: Omit<Notification, 'total' | 'expiresAt'> & { readonly expiresAt: number | null },
  at: number,
): NotificationSummary {
  const none = { delivered: 0, failed: 0, suppressed: 0, expired: 0, cancelled: 0, unknown: 0 };
  return {
    ...asked,
    expiresAt: expiresAt ?? defaultExpiry(asked),
    total: 0,
    counts: { total: 0, pending: 0, ...none },
    updatedAt: at,
    finishedAt: at,
    cancelledAt: null,
    pausedAt: null,
    pausedReason: null,
  };
}

/** How somebody of the directory can be named, the best first. */
export function namesOf(person: Pick<Person, 'email' | 'upn' | 'phone' | 'identities'>, prefers: 'email' | 'phone') {
  const { email, upn, phone, identities } = person;
  const names = prefers === 'phone' ? [phone, email, upn] : [email, upn, phone];
  return [...names, ...identities].filter((name) => name !== null);
}

/** Of one chunk of an upload. */
export const MAX_CHUNK_RECIPIENTS = 10_000;
/** Numbered from 0. */
export const MAX_CHUNKS = 10_000;

export interface Distinct {
  /** Those who are named for the first time. */
  readonly first: readonly Recipient[];
  readonly again: readonly Recipient[];
  /** The form under which `first` are compared, one each. */
  readonly keys: readonly string[];
}

/** Parts recipients by whether their identity was named before, among these or in `seen`. */
export function partByIdentity(recipients: readonly Recipient[], seen: ReadonlySet<string>): Distinct {
  const keys = new Set<string>();
  const [first, again]: [Recipient[], Recipient[]] = [[], []];
  for (const recipient of recipients) {
    const key = identityKey(recipient.identity);
    if (seen.has(key) || keys.has(key)) again.push(recipient);
    else {
      keys.add(key);
      first.push(recipient);
    }
  }
  return { first, again, keys: [...keys] };
}

/** So that a canary is not taken for over because others had their end before it began. */
export function withLeftOut<Asked extends Pick<Notification, 'options'>>(asked: Asked, leftOut: number): Asked {
  const { canary } = asked.options ?? {};
  if (canary === undefined || leftOut === 0) return asked;
  return { ...asked, options: { ...asked.options, canary: { ...canary, leftOut } } };
}

/** The end of somebody who is left out from the beginning. */
export const suppressedLog = ({ seq, identity }: Recipient, reason: 'duplicate' | 'excluded', at: number): Log => ({
  seq,
  identity,
  state: 'suppressed',
  reason,
  detail: null,
  personId: null,
  channelId: null,
  providerMessageId: null,
  attempts: 0,
  maybeDoubled: false,
  at,
});
