import { type AuditEntry, type AuditHead, type AuditRecord, chain, NO_HEAD } from '../model/audit.ts';
import type { AuditPage } from './port/audit.ts';
import { execute, type InsertShape, insertMany, int, query, type Row, type Steps, text, textOrNull } from './steps.ts';

/*
 * Every bot has a chain of its own. Whoever appends to it holds its head until the commit, so it is the last thing a
 * transaction does: on PostgreSQL two changes of one bot wait for each other no longer than a commit takes, and changes
 * of different bots never. A send appends nothing: its notification's row says who asked for it, and when.
 */

const AUDIT: InsertShape = {
  table: 'audit',
  columns: {
    bot_id: 'text',
    seq: 'int',
    at: 'int',
    app_id: 'text',
    subject: 'text',
    action: 'text',
    target: 'text',
    before: 'text',
    after: 'text',
    ip: 'text',
    previous: 'text',
    hash: 'text',
  },
  onConflict: '',
};

/** Makes a change and keeps who asked for it; nothing is kept of what changed nothing. */
export function* audited<T>(
  { audit }: { readonly audit?: AuditEntry },
  change: Steps<T>,
  hasChanged: (result: T) => boolean = () => true,
): Steps<T> {
  const result = yield* change;
  if (audit !== undefined && hasChanged(result)) yield* appendAudit([audit]);
  return result;
}

/** All of one bot. */
export function* appendAudit(entries: readonly AuditEntry[]): Steps<void> {
  const [first] = entries;
  if (first === undefined) return;
  const botId = keyOf(first.botId);
  let head = yield* lockHead(botId);
  const rows = entries.map((entry) => {
    const record = chain(entry, head);
    head = record;
    return rowOf(record);
  });
  yield* insertMany(AUDIT, rows);
  yield* execute('UPDATE audit_heads SET seq = $2, hash = $3 WHERE bot_id = $1', botId, head.seq, head.hash);
}

function* lockHead(botId: string): Steps<AuditHead> {
  const [row] = yield* query(
    `INSERT INTO audit_heads (bot_id, seq, hash) VALUES ($1, 0, '')
     ON CONFLICT (bot_id) DO UPDATE SET bot_id = excluded.bot_id RETURNING seq, hash`,
    botId,
  );
  return row === undefined ? NO_HEAD : headOf(row);
}

export function* findAuditHead({ botId }: { readonly botId: string | null }): Steps<AuditHead> {
  const [row] = yield* query('SELECT seq, hash FROM audit_heads WHERE bot_id = $1', keyOf(botId));
  return row === undefined ? NO_HEAD : headOf(row);
}

export function* listAudit({ botId, newestFirst, from, limit }: AuditPage): Steps<AuditRecord[]> {
  const rows = yield* query(
    `SELECT bot_id, seq, at, app_id, subject, action, target, before, after, ip, previous, hash FROM audit
     WHERE bot_id = $1 AND seq ${newestFirst ? '<=' : '>='} $2 ORDER BY seq ${newestFirst ? 'DESC' : 'ASC'} LIMIT $3`,
    keyOf(botId),
    from,
    limit,
  );
  return rows.map(recordOf);
}

/** What is of no bot has a chain as well. */
const keyOf = (botId: string | null): string => botId ?? '';

const headOf = (row: Row): AuditHead => ({ seq: int(row, 'seq'), hash: text(row, 'hash') });

const rowOf = (record: AuditRecord) => [
  keyOf(record.botId),
  record.seq,
  record.at,
  record.appId,
  record.subject,
  record.action,
  record.target,
  record.before,
  record.after,
  record.ip,
  record.previous,
  record.hash,
];

const recordOf = (row: Row): AuditRecord => ({
  botId: text(row, 'bot_id') || null,
  seq: int(row, 'seq'),
  at: int(row, 'at'),
  appId: text(row, 'app_id'),
  subject: text(row, 'subject'),
  action: text(row, 'action'),
  target: textOrNull(row, 'target'),
  before: textOrNull(row, 'before'),
  after: textOrNull(row, 'after'),
  ip: textOrNull(row, 'ip'),
  previous: text(row, 'previous'),
  hash: text(row, 'hash'),
});
