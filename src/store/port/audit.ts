import type { AuditEntry, AuditHead, AuditRecord } from '../../model/audit.ts';

/** Who asked for which change. */
export interface AuditTrail {
  /** Whoever changes something hands in who asked for it; see `Audited`. Here it is read. */
  listAudit(page: AuditPage): Promise<AuditRecord[]>;
  /** Where the chain ends, kept apart from it: what was cut off its end is missed. */
  findAuditHead(request: { readonly botId: string | null }): Promise<AuditHead>;
}

/** Who asked for a change: kept in its transaction, at the end of the bot's chain, if it changed anything. */
export interface Audited {
  readonly audit?: AuditEntry;
}

export interface AuditPage {
  readonly botId: string | null;
  readonly newestFirst: boolean;
  /** The seq of the first on the page. */
  readonly from: number;
  readonly limit: number;
}
