import { pruneActivity } from './activity.ts';
import type { IdempotencyScope, StoredReply } from './port/acceptance.ts';
import { pruneScopeCalls } from './scope-calls.ts';
import { pruneSignIns } from './sessions.ts';
import { int, query, type Row, type Steps, text } from './steps.ts';

/** How long an idempotency key is remembered: three days outlast any sane client's retries. */
const REPLY_AGE_MS = 72 * 3_600_000;

/** Null: the reply is now kept under its key. Otherwise the key was taken, also by a caller we had to wait for. */
export function* keepReply(reply: IdempotencyScope & StoredReply): Steps<StoredReply | null> {
  const kept = yield* query(
    `INSERT INTO replies (bot_id, app_id, route, key, fingerprint, status, body, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING status`,
    reply.botId,
    reply.appId,
    reply.route,
    reply.key,
    reply.fingerprint,
    reply.status,
    reply.body,
    reply.createdAt,
  );
  return kept.length === 1 ? null : yield* findReply(reply);
}

export function* findReply(scope: IdempotencyScope): Steps<StoredReply | null> {
  const [row] = yield* query(
    'SELECT fingerprint, status, body, created_at FROM replies WHERE bot_id = $1 AND app_id = $2 AND route = $3 AND key = $4',
    scope.botId,
    scope.appId,
    scope.route,
    scope.key,
  );
  return row === undefined ? null : storedReply(row);
}

const storedReply = (row: Row): StoredReply => ({
  fingerprint: text(row, 'fingerprint'),
  status: int(row, 'status'),
  body: text(row, 'body'),
  createdAt: int(row, 'created_at'),
});

export function* useJti(request: {
  readonly appId: string;
  readonly jti: string;
  readonly expiresAt: number;
}): Steps<boolean> {
  const rows = yield* query(
    'INSERT INTO used_jtis (app_id, jti, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING expires_at',
    request.appId,
    request.jti,
    request.expiresAt,
  );
  return rows.length === 1;
}

/** Bounded, so that a long neglect is worked off in small commits. */
export function* prune({ now, limit }: { readonly now: number; readonly limit: number }): Steps<number> {
  const replies = yield* query(
    `DELETE FROM replies WHERE (bot_id, app_id, route, key) IN (
       SELECT bot_id, app_id, route, key FROM replies WHERE created_at < $1 ORDER BY created_at LIMIT $2
     ) RETURNING status`,
    now - REPLY_AGE_MS,
    limit,
  );
  const jtis = yield* query(
    `DELETE FROM used_jtis WHERE (app_id, jti) IN (
       SELECT app_id, jti FROM used_jtis WHERE expires_at < $1 ORDER BY expires_at LIMIT $2
     ) RETURNING jti`,
    now,
    limit,
  );
  const others = (yield* pruneSignIns({ now, limit })) + (yield* pruneActivity({ now, limit }));
  return replies.length + jtis.length + others + (yield* pruneScopeCalls({ limit }));
}
