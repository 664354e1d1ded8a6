import type { ReceiptState } from '../model/news.ts';
import type { FinalState } from '../model/notification.ts';

/** Which recipients; what is absent excludes nobody. */
export interface RecipientFilter {
  readonly states?: readonly FinalState[];
  /** Codes of the catalogue of reasons. */
  readonly reasons?: readonly string[];
  /** What the identity begins with. */
  readonly prefix?: string;
  readonly identity?: string;
}

/** What became of one recipient whose delivery has ended. */
export interface LedgerRecipient {
  readonly seq: number;
  /** The one of its channels on which it ended. */
  readonly channel: string;
  readonly connectionId: string;
  readonly identity: string;
  readonly state: FinalState;
  /** A code of the catalogue, and what to do about it; null when delivered. */
  readonly reason: string | null;
  readonly hint: string | null;
  /** What the provider said. */
  readonly detail: string | null;
  readonly personId: string | null;
  readonly channelId: string | null;
  readonly providerMessageId: string | null;
  readonly attempts: number;
  readonly maybeDoubled: boolean;
  readonly at: string;
  readonly tookMs: number;
  /** The channels on which it did not end, in order, and why not. */
  readonly tried: readonly {
    readonly channel: string;
    readonly connectionId: string;
    readonly reason: string;
    readonly hint: string | null;
    readonly detail: string | null;
    readonly attempts: number;
  }[];
  /** What the provider said later. */
  readonly receipt: {
    readonly state: ReceiptState;
    readonly at: string;
    readonly reason: string | null;
    readonly hint: string | null;
    readonly detail: string | null;
  } | null;
}

export interface RecipientPage {
  readonly recipients: readonly LedgerRecipient[];
  readonly nextCursor: string | null;
}
