import type { Audited } from './audit.ts';

/** Taking out of the database who somebody was. */
export interface Erasures {
  /**
   * Takes somebody out of the directory at once, with addresses and preferences; who must not be written to stays
   * silenced under a hash. Their notifications are gone through by `goOnErasing`. False: nobody has this id.
   */
  erase(request: EraseRequest): Promise<boolean>;
  findErasure(key: ErasureKey): Promise<Erasure | null>;
  /**
   * One stretch of an erasure that is not over: ends whoever waits to be sent something, then takes the identity out of
   * logs, receipts and texts. Answers how much was looked at; 0: there is nothing to do now.
   */
  goOnErasing(request: { readonly at: number }): Promise<number>;
}

export interface ErasureKey {
  readonly botId: string;
  /** `er-…` */
  readonly erasureId: string;
}

export interface EraseRequest extends ErasureKey, Audited {
  readonly at: number;
  readonly who: { readonly personId: string } | { readonly identity: string };
}

export interface Erasure {
  /** Recipients and texts. */
  readonly looked: number;
  /** Of these, held something of them. */
  readonly erased: number;
  readonly createdAt: number;
  /** Null: it goes on. */
  readonly finishedAt: number | null;
}
