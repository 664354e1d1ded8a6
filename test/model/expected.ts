import type { FinalState } from '../../src/model/notification.ts';
import type { Bird, Mood } from './post-office.ts';

/** What a caller may expect, in as few words as will do. */
export interface Expected {
  readonly notifications: ExpectedNotification[];
  readonly people: Map<string, ExpectedPerson>;
  /** What the template says in each language, newest last. */
  readonly versions: { readonly en: string; readonly de: string }[];
  isArchived: boolean;
  readonly moods: Record<Bird, Mood>;
  leaps: number;
}

export interface ExpectedPerson {
  readonly locale: string | null;
  readonly hasOwl: boolean;
  /** Over which bird they decline what is news; null: over any. Absent: over none. */
  declines?: Bird | null;
}

export interface Hop {
  readonly channel: Bird;
  readonly onFailure: boolean;
  readonly onNoAddress: boolean;
  readonly onUnknown: boolean;
}

export interface ExpectedRecipient {
  readonly identity: string;
  state: FinalState | 'pending';
  reason: string | null;
  step: number;
  /** May have it already. */
  isDoubtful: boolean;
  /** The provider was away when it was tried, so that it is tried again some time later. */
  isBackingOff: boolean;
}

export interface ExpectedNotification {
  /** What the server called it. */
  readonly id: string;
  readonly hops: readonly Hop[];
  readonly recipients: ExpectedRecipient[];
  /** What is said, by the locale of whoever is told. */
  readonly words: (locale: string | null) => string;
  readonly isNews: boolean;
  readonly isDeduplicated: boolean;
  createdAt: number;
  startsAt: number;
  /** As the server said it. */
  expiresAt: number;
  /** How long its lane tries at most. */
  readonly maxAgeMs: number;
  isExtended: boolean;
  isReceiving: boolean;
  isPaused: boolean;
  isCancelled: boolean;
  retries: number;
  /** It takes back messages, by recipient; null: it sends. */
  readonly recalled: readonly string[] | null;
  /** Of an upload, by number. */
  readonly chunks: Map<number, string>;
}

/** What is to be at the providers when all is as expected. */
export interface Delivered {
  /** `notification/seq`, and what it was told, as often as it was. */
  readonly taken: string[];
  /** Messages that were taken back. */
  readonly removed: Set<string>;
}

export const nobody = (): Expected => ({
  notifications: [],
  people: new Map(),
  versions: [],
  isArchived: false,
  moods: { raven: 'up', owl: 'up' },
  leaps: 0,
});

export const isPending = ({ state }: ExpectedRecipient): boolean => state === 'pending';
export const isFinished = ({ recipients, isReceiving }: ExpectedNotification): boolean =>
  !isReceiving && !recipients.some(isPending);

export const newRecipient = (identity: string, step = 0): ExpectedRecipient => ({
  identity,
  state: 'pending',
  reason: null,
  step,
  isDoubtful: false,
  isBackingOff: false,
});

/** Whoever is named again is not sent it. */
export function suppressAgain(recipients: readonly ExpectedRecipient[]): void {
  const seen = new Set<string>();
  for (const recipient of recipients) {
    if (seen.has(recipient.identity)) end(recipient, 'suppressed', 'duplicate');
    seen.add(recipient.identity);
  }
}

export function end(recipient: ExpectedRecipient, state: FinalState, reason: string | null): void {
  Object.assign(recipient, { state, reason, isBackingOff: false });
}
