import type { AudiencePlan } from '../../model/audience.ts';
import type { Notification, Recipient } from '../../model/notification.ts';
import type { AcceptRequest, AcceptResult } from './acceptance.ts';
import type { Audited } from './audit.ts';
import type { NotificationKey } from './notifications.ts';

/** Recipients that come later than the notification: in chunks, or out of the directory. */
export interface Audiences {
  /** Opens a notification whose recipients come later: nobody of them is sent anything before it is sealed. */
  openAudience(request: OpenAudience): Promise<AcceptResult | { readonly kind: 'too_many' }>;
  /** Null: there is none, or it is sealed. */
  findAudience(key: NotificationKey): Promise<Audience | null>;
  /** Keyset pages by number. */
  listChunks(request: NotificationKey & { readonly after: number; readonly limit: number }): Promise<Chunk[]>;
  /** Keyset pages by seq, of those who are to be sent it; whole batches, so that one may be longer than `limit`. */
  listGathered(request: NotificationKey & { readonly afterSeq: number; readonly limit: number }): Promise<Recipient[]>;
  /** Takes a chunk of recipients, once: the same again changes nothing. */
  addChunk(request: AddChunk): Promise<ChunkResult>;
  /**
   * Nobody more is added, and everybody who was is to be sent the notification, or ends as cancelled. Does nothing
   * where the audience is not what the caller says it is.
   */
  sealAudience(request: SealAudience): Promise<SealResult>;
  /**
   * One step of whatever an audience needs, `limit` rows at the most: who is left out is written down, who fits is added
   * and then sealed, and what nobody sealed in time is thrown away, as is what only served to gather recipients. False:
   * nothing is to be done now.
   */
  advanceAudience(request: { readonly at: number; readonly limit: number }): Promise<boolean>;
}

/** What was asked, before it is known how many it is for. */
export interface AskedNotification extends Omit<Notification, 'total' | 'expiresAt'> {
  /** Null: as if it had been asked for when it is sealed. */
  readonly expiresAt: number | null;
}

export interface OpenAudience {
  readonly asked: AskedNotification;
  readonly plan: AudiencePlan;
  /** Where they are uploaded: unsealed until then, it is thrown away. */
  readonly endsAt: number;
  /** A bot may have so many that are not sealed; of those that are planned the earliest go instead. */
  readonly most: number;
  readonly idempotency: AcceptRequest['idempotency'];
}

export interface Audience {
  /**
   * `excluding`: no chunk is taken yet, for it is being written down who is left out. `collecting`: who fits is being looked
   * for, and it seals itself or is `planned`, until somebody seals it. `empty`: nobody did.
   */
  readonly state: 'receiving' | 'excluding' | 'collecting' | 'planned' | 'empty';
  readonly asked: AskedNotification;
  readonly plan: AudiencePlan;
  /** So far. */
  readonly recipients: number;
  /** Of these, will not be sent anything. */
  readonly suppressed: number;
  /** Of these, because they are left out; the others are named again. */
  readonly excluded: number;
  /** When it is thrown away if nobody seals it, where it is uploaded. */
  readonly endsAt: number;
  /** Since when it is known that it is for nobody; null: it is not. */
  readonly finishedAt: number | null;
}

export interface Chunk {
  readonly chunk: number;
  /** SHA-256 of its bytes, hex. */
  readonly digest: string;
  readonly recipients: number;
  readonly suppressed: number;
}

export interface AddChunk extends NotificationKey, Audited {
  readonly chunk: number;
  readonly digest: string;
  /** Seq counted from 0; it goes on from those who are there already. */
  readonly recipients: readonly Recipient[];
  readonly at: number;
}

export type ChunkResult =
  | TakenChunk
  /** Other content has this number; there is none, or it is sealed. */
  | { readonly kind: 'conflict' | 'absent' };

/** `known`: it was taken before. */
export interface TakenChunk extends Omit<Chunk, 'digest'> {
  readonly kind: 'accepted' | 'known';
}

export interface SealAudience extends NotificationKey, Audited {
  /** Recipients and chunks it is to have; null: whatever it has. Chunks are numbered from 0. */
  readonly expected: { readonly recipients: number; readonly chunks: number | null } | null;
  /** From then on it counts as created. */
  readonly at: number;
  /** Nobody of them is sent anything: all end as cancelled. Where there is nobody, nothing remains of it. */
  readonly isCancelled: boolean;
}

export type SealResult =
  | { readonly kind: 'sealed' | 'empty' | 'absent' }
  /** `missing`: numbers of chunks that are not there, the first few. */
  | { readonly kind: 'incomplete'; readonly recipients: number; readonly chunks: number; readonly missing: number[] };
