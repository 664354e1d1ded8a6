import type { AuditEntry } from '../model/audit.ts';
import { appendAudit } from './audit.ts';
import { operatorOf } from './operator-rows.ts';
import type { FoundSession, SecretLink, Session, SignInCount } from './port/operators.ts';
import { execute, int, query, type Row, type Steps, text, textOrNull } from './steps.ts';

/*
 * What proves that somebody is an operator, and for how long. Of everything that proves it only a hash is kept.
 */

export function* openSession(request: {
  readonly session: Session;
  readonly replaces: string | null;
  readonly audit: AuditEntry;
}): Steps<void> {
  const { session, replaces, audit } = request;
  if (replaces !== null) yield* dropSession(replaces);
  yield* execute(
    `INSERT INTO operator_sessions (hash, operator_id, created_at, seen_at, ends_at, provider)
     VALUES ($1, $2, $3, $3, $4, $5)`,
    session.hash,
    session.operatorId,
    session.createdAt,
    session.endsAt,
    session.provider,
  );
  yield* execute('UPDATE operators SET signed_in_at = $2 WHERE id = $1', session.operatorId, session.createdAt);
  yield* appendAudit([audit]);
}

export function* findSession(request: {
  readonly hash: string;
  readonly at: number;
  readonly idleSince: number;
}): Steps<FoundSession | null> {
  const [row] = yield* query(
    `SELECT o.id, o.email, o.name, o.role, o.bots, o.disabled_at, o.created_at, o.signed_in_at, s.seen_at, s.provider
     FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
     WHERE s.hash = $1 AND s.ends_at > $2 AND s.seen_at > $3 AND o.disabled_at IS NULL`,
    request.hash,
    request.at,
    request.idleSince,
  );
  if (row === undefined) return null;
  return { operator: operatorOf(row), seenAt: int(row, 'seen_at'), provider: textOrNull(row, 'provider') };
}

export const touchSession = ({ hash, at }: { readonly hash: string; readonly at: number }): Steps<void> =>
  execute('UPDATE operator_sessions SET seen_at = $2 WHERE hash = $1 AND seen_at < $2', hash, at);

export function* endSession({ hash, audit }: { readonly hash: string; readonly audit: AuditEntry }): Steps<boolean> {
  const wasThere = yield* dropSession(hash);
  if (wasThere) yield* appendAudit([audit]);
  return wasThere;
}

function* dropSession(hash: string): Steps<boolean> {
  const rows = yield* query('DELETE FROM operator_sessions WHERE hash = $1 RETURNING hash', hash);
  return rows.length === 1;
}

export function* endSessionsOf(request: { readonly operatorId: string; readonly audit: AuditEntry }): Steps<number> {
  const ended = yield* dropSessionsOf(request.operatorId);
  yield* appendAudit([request.audit]);
  return ended;
}

export function* dropSessionsOf(operatorId: string): Steps<number> {
  const rows = yield* query('DELETE FROM operator_sessions WHERE operator_id = $1 RETURNING hash', operatorId);
  return rows.length;
}

export function* addLink({
  link: { hash, kind, about, expiresAt },
  audit,
}: {
  readonly link: SecretLink;
  readonly audit?: AuditEntry;
}): Steps<void> {
  yield* execute(
    'INSERT INTO secret_links (hash, kind, about, expires_at) VALUES ($1, $2, $3, $4)',
    hash,
    kind,
    about,
    expiresAt,
  );
  if (audit !== undefined) yield* appendAudit([audit]);
}

interface OfLink {
  readonly hash: string;
  readonly at: number;
}

export function* findLink({ hash, at }: OfLink): Steps<SecretLink | null> {
  const [row] = yield* query(
    'SELECT hash, kind, about, expires_at FROM secret_links WHERE hash = $1 AND expires_at > $2',
    hash,
    at,
  );
  return row === undefined ? null : linkOf(row);
}

/** All that lead to the first admin go together: of two who come at once the second finds none left. */
export function* takeLink({ hash, at }: OfLink): Steps<SecretLink | null> {
  const rows = yield* query(
    `DELETE FROM secret_links WHERE hash = $1
       OR (kind = 'set_up' AND EXISTS (SELECT 1 FROM secret_links l WHERE l.hash = $1 AND l.kind = 'set_up'))
     RETURNING hash, kind, about, expires_at`,
    hash,
  );
  const link = rows.map(linkOf).find((each) => each.hash === hash);
  return link !== undefined && link.expiresAt > at ? link : null;
}

export function* countSignIns(request: {
  readonly keys: readonly string[];
  readonly at: number;
  readonly windowMs: number;
}): Steps<SignInCount[]> {
  const { keys, at, windowMs } = request;
  const counts: SignInCount[] = [];
  // In one order, so that no two wait for each other.
  for (const key of keys.toSorted()) {
    const [row] = yield* query(
      `INSERT INTO sign_in_counts (key, count, ends_at) VALUES ($1, 1, $2) ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN sign_in_counts.ends_at <= $3 THEN 1 ELSE sign_in_counts.count + 1 END,
         ends_at = CASE WHEN sign_in_counts.ends_at <= $3 THEN excluded.ends_at ELSE sign_in_counts.ends_at END
       RETURNING count, ends_at`,
      key,
      at + windowMs,
      at,
    );
    if (row !== undefined) counts.push({ key, count: int(row, 'count'), endsAt: int(row, 'ends_at') });
  }
  return counts;
}

export function* forgiveSignIn({ keys }: { readonly keys: readonly string[] }): Steps<void> {
  for (const key of keys.toSorted())
    yield* execute('UPDATE sign_in_counts SET count = count - 1 WHERE key = $1 AND count > 0', key);
}

/** What has run out; bounded, as `prune` is. */
export function* pruneSignIns({ now, limit }: { readonly now: number; readonly limit: number }): Steps<number> {
  let pruned = 0;
  for (const [table, key, until] of [
    ['operator_sessions', 'hash', 'ends_at'],
    ['secret_links', 'hash', 'expires_at'],
    ['sign_in_counts', 'key', 'ends_at'],
  ]) {
    const rows = yield* query(
      `DELETE FROM ${table} WHERE ${key} IN (
         SELECT ${key} FROM ${table} WHERE ${until} < $1 ORDER BY ${until} LIMIT $2
       ) RETURNING ${key}`,
      now,
      limit,
    );
    pruned += rows.length;
  }
  return pruned;
}

const linkOf = (row: Row): SecretLink => ({
  hash: text(row, 'hash'),
  kind: text(row, 'kind') as SecretLink['kind'],
  about: text(row, 'about'),
  expiresAt: int(row, 'expires_at'),
});
