import type { Receipt, ReceiptCounts } from '../../model/news.ts';
import type { NotificationKey } from './notifications.ts';

/** What providers say later. */
export interface Receipts {
  /**
   * Takes what providers say later; receipts of other connections or recipients that do not exist are dropped. None
   * goes backwards. Answers how many changed something.
   */
  recordReceipts(request: RecordReceipts): Promise<number>;
  countReceipts(key: NotificationKey): Promise<ReceiptCounts>;
  /** Of the recipients from `fromSeq` to `toSeq`, both included; those without one are absent. */
  listReceipts(request: NotificationKey & { readonly fromSeq: number; readonly toSeq: number }): Promise<Receipt[]>;
}

export interface RecordReceipts {
  readonly botId: string;
  readonly connectionId: string;
  readonly receipts: readonly (Receipt & { readonly notificationId: string })[];
}
