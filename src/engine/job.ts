import type { Message } from '../model/message.ts';
import type { Recipient } from '../model/notification.ts';
import type { Address } from '../model/outcome.ts';
import type { Work } from './work.ts';

/** One recipient on the way out. */
export interface Job {
  readonly work: Work;
  readonly recipient: Recipient;
  readonly personId: string | null;
  /** Null: the channel's look-up has to find it first. */
  readonly address: Address | null;
  /** The address is the directory's, and nobody has noted today that it works. */
  readonly isUnproven: boolean;
  readonly message: Message;
  /** Nothing more is sent to them from then on, until their next time for it; epoch ms. */
  readonly closesAt: number;
}

/** A job whose address is known. */
export interface Sendable extends Job {
  readonly address: Address;
}

/** The provider was tried before. */
export const isRetry = ({ recipient }: Job): boolean => recipient.attempts > 0;

export const isSendable = (job: Job): job is Sendable => job.address !== null;
