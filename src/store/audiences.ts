import { endedForNobody, withLeftOut } from '../model/audience.ts';
import { BATCH_SIZE, type Notification, type NotificationSummary, type Recipient } from '../model/notification.ts';
import { defaultExpiry } from '../model/timing.ts';
import { addRecipients } from './audience-recipients.ts';
import {
  AUDIENCE,
  gathering,
  move,
  type NextStep,
  type StoredAudience,
  type StoredPlan,
  storedAudience,
  UNSEALED,
} from './audience-rows.ts';
import { countBacklog } from './backlogs.ts';
import { watchForCallback } from './callback-watches.ts';
import { cancel } from './cancel.ts';
import { excludeIdentities } from './exclusions.ts';
import { insertNotification, setRules, suppress } from './notifications.ts';
import { release } from './pause.ts';
import type { AcceptResult } from './port/acceptance.ts';
import type {
  AddChunk,
  Audience,
  Chunk,
  ChunkResult,
  OpenAudience,
  SealAudience,
  SealResult,
} from './port/audiences.ts';
import type { NotificationKey } from './port/notifications.ts';
import { decodeRecipients } from './recipients.ts';
import { findReply, keepReply } from './replies.ts';
import { execute, int, query, type Row, type Steps, text } from './steps.ts';

/*
 * Recipients that come piece by piece lie in batches like any others, but parked, so that nobody claims them. The
 * notification itself is written when it is sealed, with its total: no older server, and nobody who looks, ever sees one
 * that is not complete. The batches are released as after a pause, step by step, by whoever comes by (`pause.ts`).
 */

export function* openAudience(request: OpenAudience): Steps<AcceptResult | { readonly kind: 'too_many' }> {
  const { asked, plan, endsAt, most, idempotency } = request;
  const earlier = idempotency === null ? null : yield* findReply(idempotency);
  if (earlier !== null) return { kind: 'replay', reply: earlier };
  if ((yield* countUnsealed(asked.botId)) >= most) return { kind: 'too_many' };
  if (plan.isHeld) yield* dropEarliestPlans(asked.botId, { at: asked.createdAt, most });
  const taken = idempotency === null ? null : yield* keepReply(idempotency);
  if (taken !== null) return { kind: 'replay', reply: taken };
  const stored: StoredPlan = { ...plan, endsAt };
  const { identities = [], notifications } = plan.exclude ?? {};
  const at = asked.createdAt;
  const first: NextStep = notifications === undefined ? gathering(stored, at) : { state: 'excluding', at };
  yield* execute(
    `INSERT INTO audiences (bot_id, id, state, asked, plan, recipients, suppressed, progress, created_at, due_at)
     VALUES ($1, $2, $3, $4, $5, 0, 0, '', $6, $7)`,
    asked.botId,
    asked.id,
    first.state,
    JSON.stringify(asked),
    JSON.stringify(stored),
    at,
    first.at,
  );
  yield* excludeIdentities({ botId: asked.botId, notificationId: asked.id }, identities);
  return { kind: 'accepted' };
}

function* countUnsealed(botId: string): Steps<number> {
  const [row] = yield* query(
    `SELECT count(*) AS audiences FROM audiences WHERE bot_id = $1 AND state IN (${UNSEALED}) AND state <> 'planned'`,
    botId,
  );
  return row === undefined ? 0 : int(row, 'audiences');
}

/** So that there is room for one more. */
function* dropEarliestPlans(botId: string, { at, most }: { readonly at: number; readonly most: number }): Steps<void> {
  yield* execute(
    `UPDATE audiences SET due_at = $2 WHERE bot_id = $1 AND state = 'planned' AND due_at > $2 AND id NOT IN (
       SELECT id FROM audiences WHERE bot_id = $1 AND state = 'planned' ORDER BY created_at DESC, id LIMIT $3
     )`,
    botId,
    at,
    most - 1,
  );
}

export function* findAudience({ botId, notificationId }: NotificationKey): Steps<Audience | null> {
  const [row] = yield* query(
    `SELECT ${AUDIENCE} FROM audiences WHERE bot_id = $1 AND id = $2 AND state IN (${UNSEALED}, 'empty')`,
    botId,
    notificationId,
  );
  if (row === undefined) return null;
  const { state, plan: stored, progress, asked, recipients, suppressed, excluded } = storedAudience(row);
  const { endsAt, ...plan } = stored;
  const finishedAt = state === 'empty' ? Number(progress) : null;
  return { state: state as Audience['state'], asked, plan, recipients, suppressed, excluded, endsAt, finishedAt };
}

/** Of these, what became of those that nobody was found for. */
export function* findForNobody(notifications: readonly NotificationKey[]): Steps<NotificationSummary[]> {
  if (notifications.length === 0) return [];
  const rows = yield* query(
    `SELECT ${AUDIENCE} FROM audiences WHERE state = 'empty' AND (bot_id, id) IN (
       SELECT wanted.bot_id, wanted.id FROM {rows wanted(bot_id text, id text) $1}
     )`,
    notifications.map(({ botId, notificationId }) => ({ bot_id: botId, id: notificationId })),
  );
  return rows.map(storedAudience).map(({ asked, progress }) => endedForNobody(asked, Number(progress)));
}

export function* listChunks(
  request: NotificationKey & { readonly after: number; readonly limit: number },
): Steps<Chunk[]> {
  const rows = yield* query(
    `SELECT chunk, digest, recipients, suppressed FROM audience_chunks
     WHERE bot_id = $1 AND notification_id = $2 AND chunk > $3 ORDER BY chunk LIMIT $4`,
    request.botId,
    request.notificationId,
    request.after,
    request.limit,
  );
  return rows.map(chunkOf);
}

const chunkOf = (row: Row): Chunk => ({
  chunk: int(row, 'chunk'),
  digest: text(row, 'digest'),
  recipients: int(row, 'recipients'),
  suppressed: int(row, 'suppressed'),
});

export function* listGathered(
  request: NotificationKey & { readonly afterSeq: number; readonly limit: number },
): Steps<Recipient[]> {
  const rows = yield* query(
    `SELECT recipients FROM batches WHERE bot_id = $1 AND notification_id = $2 AND batch_no > $3
     ORDER BY batch_no LIMIT $4`,
    request.botId,
    request.notificationId,
    request.afterSeq,
    Math.ceil(request.limit / BATCH_SIZE),
  );
  return rows.flatMap((row) => decodeRecipients(text(row, 'recipients')));
}

export function* addChunk(request: AddChunk): Steps<ChunkResult> {
  const { botId, notificationId, chunk, digest } = request;
  // Locked: chunks that come at the same time are counted, numbered and compared one after the other.
  const audience = yield* lockAudience(request);
  if (audience === null) return { kind: 'absent' };
  const [known] = yield* query(
    `SELECT chunk, digest, recipients, suppressed FROM audience_chunks
     WHERE bot_id = $1 AND notification_id = $2 AND chunk = $3`,
    botId,
    notificationId,
    chunk,
  );
  if (known !== undefined) {
    const { digest: earlier, ...counted } = chunkOf(known);
    return earlier === digest ? { kind: 'known', ...counted } : { kind: 'conflict' };
  }
  if (audience.state !== 'receiving') return { kind: 'absent' };
  const { suppressed } = yield* addRecipients(audience, request.recipients, request.at);
  yield* countBacklog(botId, -suppressed);
  yield* execute(
    `INSERT INTO audience_chunks (bot_id, notification_id, chunk, digest, recipients, suppressed)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    botId,
    notificationId,
    chunk,
    digest,
    request.recipients.length,
    suppressed,
  );
  return { kind: 'accepted', chunk, recipients: request.recipients.length, suppressed };
}

export function* lockAudience({ botId, notificationId }: NotificationKey): Steps<StoredAudience | null> {
  const [row] = yield* query(
    `SELECT ${AUDIENCE} FROM audiences WHERE bot_id = $1 AND id = $2 {lock}`,
    botId,
    notificationId,
  );
  return row === undefined ? null : storedAudience(row);
}

export function* sealAudience(request: SealAudience): Steps<SealResult> {
  const { expected, at, isCancelled } = request;
  const audience = yield* lockAudience(request);
  if (audience === null || !maySeal(audience, isCancelled)) return { kind: 'absent' };
  const { recipients } = audience;
  const gap = expected === null ? null : yield* findGap(request, recipients);
  if (gap !== null) return gap;
  if (recipients === 0 && !isCancelled) return { kind: 'empty' };
  yield* becomeNotification(audience, { at, isCancelled });
  return { kind: 'sealed' };
}

/** Whoever is still being looked for can be cancelled, and is not to be sent anything before all are there. */
const maySeal = ({ state }: StoredAudience, isCancelled: boolean): boolean =>
  state === 'receiving' || state === 'planned' || (isCancelled && (state === 'excluding' || state === 'collecting'));

/** Of nobody nothing remains, nor of a plan that is not launched. */
export function* becomeNotification(
  audience: StoredAudience,
  { at, isCancelled }: Pick<SealAudience, 'at' | 'isCancelled'>,
): Steps<void> {
  const { isHeld = false } = audience.plan;
  if (isHeld && isCancelled) return yield* move(audience, { state: 'dropping', at });
  // Until now nobody waited for anything.
  if (isHeld) yield* countBacklog(audience.botId, audience.recipients - audience.suppressed);
  if (audience.recipients > 0) yield* writeNotification(audience, { at, isCancelled });
  yield* move(audience, { state: 'clearing', at });
}

function* writeNotification(
  { asked: opened, recipients: total, suppressed, excluded, ...key }: StoredAudience,
  { at, isCancelled }: Pick<SealAudience, 'at' | 'isCancelled'>,
): Steps<void> {
  const asked = withLeftOut({ ...opened, createdAt: at }, suppressed);
  const notification: Notification = { ...asked, total, expiresAt: asked.expiresAt ?? defaultExpiry(asked) };
  yield* insertNotification(notification);
  yield* watchForCallback(notification);
  yield* setRules(notification, yield* findFirstToFollow(key, asked.options?.canary?.recipients ?? null));
  const erased = yield* countErased(key);
  yield* suppress(notification, { duplicate: suppressed - excluded - erased, excluded, erased }, at);
  if (isCancelled) yield* cancel({ ...key, at });
  else yield* release(key);
}

function* countErased({ botId, notificationId }: NotificationKey): Steps<number> {
  const [row] = yield* query(
    `SELECT count(*) AS erased FROM logs WHERE bot_id = $1 AND notification_id = $2 AND reason = 'erased'`,
    botId,
    notificationId,
  );
  return row === undefined ? 0 : int(row, 'erased');
}

/** The first batch behind the canary; null: there is none. No batch is of both. */
function* findFirstToFollow({ botId, notificationId }: NotificationKey, ahead: number | null): Steps<number | null> {
  if (ahead === null) return null;
  const rows = yield* query(
    `SELECT batch_no, recipients FROM batches WHERE bot_id = $1 AND notification_id = $2 ORDER BY batch_no LIMIT $3`,
    botId,
    notificationId,
    ahead + 1,
  );
  let before = 0;
  for (const row of rows) {
    if (before >= ahead) return int(row, 'batch_no');
    before += decodeRecipients(text(row, 'recipients')).length;
  }
  return null;
}

/** How many of the missing are named. */
const MOST_MISSING = 20;

/** What is not as the caller says; null: nothing. */
function* findGap(
  { botId, notificationId, expected }: SealAudience,
  recipients: number,
): Steps<Extract<SealResult, { readonly kind: 'incomplete' }> | null> {
  if (expected === null) return null;
  const rows = yield* query(
    'SELECT chunk FROM audience_chunks WHERE bot_id = $1 AND notification_id = $2',
    botId,
    notificationId,
  );
  const { chunks } = expected;
  if (recipients === expected.recipients && (chunks === null || rows.length === chunks)) return null;
  const there = new Set(rows.map((row) => int(row, 'chunk')));
  const missing = [];
  for (let chunk = 0; chunk < (chunks ?? 0) && missing.length < MOST_MISSING; chunk += 1) {
    if (!there.has(chunk)) missing.push(chunk);
  }
  return { kind: 'incomplete', recipients, chunks: rows.length, missing };
}
