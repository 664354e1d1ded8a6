import type { Parameters } from './message.ts';
import type { Log, Recipient } from './notification.ts';
import { identityKey } from './person.ts';

/** How the recipients of a notification are chosen from those who are named for it. */
export interface AudiencePlan {
  /** Whoever is named a second time is not sent it again. */
  readonly deduplicate: boolean;
  /** Of all, beneath each one's own. */
  readonly parameters: Parameters | null;
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

/** The end of somebody who is left out from the beginning. */
export const suppressedLog = ({ seq, identity }: Recipient, reason: 'duplicate', at: number): Log => ({
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
