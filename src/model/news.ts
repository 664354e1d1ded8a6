import type { Address } from './outcome.ts';
import type { Reason } from './reasons.ts';

/**
 * What a provider tells us by itself, after its signature was checked: what became of a message, where somebody is
 * reached now, that somebody has left. Every kind may come twice, late or out of order; applying it again changes
 * nothing. Identities are any names of one person, the most telling first (e-mail before a provider's own id).
 */
export type News =
  | ReceiptNews
  | SeenNews
  | LeftNews
  | SilencedNews
  | WelcomeNews
  | DeclinedNews
  | WantedNews
  | DisconnectedNews;

/** What became of one recipient's message, told by (notification, seq), which travelled with it (`recipientRef`). */
export interface ReceiptNews {
  readonly kind: 'receipt';
  readonly notificationId: string;
  readonly seq: number;
  readonly state: ReceiptState;
  /** Epoch ms, by the provider's clock. */
  readonly at: number;
  /** Only of `failed`. */
  readonly reason: Reason | null;
  readonly detail: string | null;
}

/** A person was met on the connection: the address is newer than what was known before `at`. */
export interface SeenNews {
  readonly kind: 'seen';
  readonly identities: readonly [string, ...string[]];
  readonly address: Address;
  readonly at: number;
}

/** The app was removed: what was learnt before `at` no longer leads anywhere. */
export interface LeftNews {
  readonly kind: 'left';
  readonly identities: readonly [string, ...string[]];
  readonly at: number;
}

/**
 * When somebody said what they want. Of two words the later counts: by `saidAt` where both have it, else by which came
 * later, since our own clocks can be set back, and those of two servers differ.
 */
export interface Word {
  /** For people to read. */
  readonly at: number;
  /** Epoch ms, by the provider's clock. Absent: it does not tell, or tells of a time that is still to come. */
  readonly saidAt?: number;
}

/** Nothing more may be sent to this identity on the connection: it opted out, or its address is dead. */
export interface SilencedNews extends Word {
  readonly kind: 'silenced';
  readonly identity: string;
  readonly reason: 'opted_out' | 'address_dead';
  readonly detail: string | null;
}

/** It opted in again. */
export interface WelcomeNews extends Word {
  readonly kind: 'welcome';
  readonly identity: string;
}

/** Somebody wants no more of this kind of message over the channel. */
export interface DeclinedNews extends Word {
  readonly kind: 'declined';
  readonly identities: readonly [string, ...string[]];
  readonly category: string;
}

/** They want it again over the channel. */
export interface WantedNews extends Word {
  readonly kind: 'wanted';
  readonly identities: readonly [string, ...string[]];
  readonly category: string;
}

/** The provider says that the connection itself works no more (app uninstalled, tokens revoked). */
export interface DisconnectedNews {
  readonly kind: 'disconnected';
  readonly detail: string;
}

/** In the order in which they overrule each other, but for `failed`: it is final, unless delivery was told before. */
export const RECEIPT_STATES = ['sent', 'failed', 'delivered', 'read'] as const;
export type ReceiptState = (typeof RECEIPT_STATES)[number];

/** How many recipients have each as their present receipt; nobody is counted twice. */
export type ReceiptCounts = Readonly<Record<ReceiptState, number>>;

/** The present receipt of one recipient. */
export interface Receipt {
  readonly seq: number;
  readonly state: ReceiptState;
  readonly at: number;
  readonly reason: Reason | null;
  readonly detail: string | null;
  /** Which channel of a notification with several it is of; absent: the first. */
  readonly step?: number;
  /** A channel before that one has told of an arrival too. */
  readonly earlierArrived?: true;
}

/** May a recipient whose present receipt is `from` (null: none yet) have this one next? Receipts come late, twice and in any order. */
export function advances(from: ReceiptState | null, to: ReceiptState): boolean {
  if (from === null) return true;
  return from !== 'failed' && RECEIPT_STATES.indexOf(to) > RECEIPT_STATES.indexOf(from);
}
