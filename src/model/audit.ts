import { hash } from 'node:crypto';

/** Who changed what. What is changed in the same transaction stands or falls with it. */
export interface AuditEntry {
  /** Null: something that is of no one bot. */
  readonly botId: string | null;
  /** Epoch ms. */
  readonly at: number;
  /** The client id of the app that asked for it. */
  readonly appId: string;
  /** The token's subject. */
  readonly subject: string;
  /** The id of the operation, as the API document names it. */
  readonly action: string;
  /** The id of what was changed; null: the bot as a whole. */
  readonly target: string | null;
  /** Digests of what is configured, in hex; null: it was not there, or is no configuration. */
  readonly before: string | null;
  readonly after: string | null;
  /** Where the call came from. */
  readonly ip: string | null;
}

/** An entry in the chain of its bot: `seq` counts from 1, `previous` is the hash of the one before (of the first: empty). */
export interface AuditRecord extends AuditEntry {
  readonly seq: number;
  readonly previous: string;
  readonly hash: string;
}

/** Where a chain ends. */
export type AuditHead = Pick<AuditRecord, 'seq' | 'hash'>;

export const NO_HEAD: AuditHead = { seq: 0, hash: '' };

/** The entry as the next of its chain. */
export function chain(entry: AuditEntry, head: AuditHead): AuditRecord {
  const linked = { ...entry, seq: head.seq + 1, previous: head.hash };
  return { ...linked, hash: hashOf(linked) };
}

/** SHA-256, in hex, of the fields as a JSON array in this order, the time as in an export; so anybody can check it. */
export function hashOf(record: Omit<AuditRecord, 'hash'>): string {
  const { previous, botId, seq, at, appId, subject, action, target, before, after, ip } = record;
  const time = new Date(at).toISOString();
  return hash(
    'sha256',
    JSON.stringify([previous, botId, seq, time, appId, subject, action, target, before, after, ip]),
  );
}

/** Why the record cannot be the one after `head`, in a sentence; null: it is. */
export function findBreak(record: AuditRecord, head: AuditHead): string | null {
  if (record.seq !== head.seq + 1) return `entry ${head.seq + 1} is missing: after ${head.seq} comes ${record.seq}`;
  if (record.previous !== head.hash) return `entry ${record.seq} does not follow the one before it`;
  if (record.hash !== hashOf(record)) return `entry ${record.seq} was changed`;
  return null;
}
