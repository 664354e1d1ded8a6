import { type AudiencePlan, type Distinct, partByIdentity, suppressedLog } from '../model/audience.ts';
import type { Notification, Recipient } from '../model/notification.ts';
import { identityKey } from '../model/person.ts';
import { defaultExpiry, dueAt } from '../model/timing.ts';
import { countBacklog } from './backlogs.ts';
import { BATCHES, leaseClock, queueKey } from './batches.ts';
import { watchForCallback } from './callback-watches.ts';
import { cancel } from './cancel.ts';
import { LOGS, logRows } from './checkpoint.ts';
import { insertNotification, setRules, suppress } from './notifications.ts';
import { PARKED_MS, release } from './pause.ts';
import type { AcceptResult } from './port/acceptance.ts';
import type {
  AddChunk,
  AskedNotification,
  Audience,
  Chunk,
  ChunkResult,
  OpenAudience,
  SealAudience,
  SealResult,
} from './port/audiences.ts';
import type { NotificationKey } from './port/notifications.ts';
import { writeBatches } from './recipients.ts';
import { findReply, keepReply } from './replies.ts';
import { execute, type InsertShape, insertMany, int, query, type Row, type Steps, text } from './steps.ts';

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
  const taken = idempotency === null ? null : yield* keepReply(idempotency);
  if (taken !== null) return { kind: 'replay', reply: taken };
  yield* execute(
    `INSERT INTO audiences (bot_id, id, state, asked, plan, recipients, suppressed, progress, created_at, due_at)
     VALUES ($1, $2, 'receiving', $3, $4, 0, 0, '', $5, $6)`,
    asked.botId,
    asked.id,
    JSON.stringify(asked),
    JSON.stringify(plan),
    asked.createdAt,
    endsAt,
  );
  return { kind: 'accepted' };
}

function* countUnsealed(botId: string): Steps<number> {
  const [row] = yield* query(
    "SELECT count(*) AS audiences FROM audiences WHERE bot_id = $1 AND state = 'receiving'",
    botId,
  );
  return row === undefined ? 0 : int(row, 'audiences');
}

export function* findAudience({ botId, notificationId }: NotificationKey): Steps<Audience | null> {
  const [row] = yield* query(
    `SELECT asked, plan, recipients, suppressed, due_at FROM audiences
     WHERE bot_id = $1 AND id = $2 AND state = 'receiving'`,
    botId,
    notificationId,
  );
  if (row === undefined) return null;
  return {
    asked: askedOf(row),
    plan: planOf(row),
    recipients: int(row, 'recipients'),
    suppressed: int(row, 'suppressed'),
    endsAt: int(row, 'due_at'),
  };
}

// Both are written by `openAudience` only.
const askedOf = (row: Row): AskedNotification => JSON.parse(text(row, 'asked'));
const planOf = (row: Row): AudiencePlan => JSON.parse(text(row, 'plan'));

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

export function* addChunk(request: AddChunk): Steps<ChunkResult> {
  const { botId, notificationId, chunk, digest } = request;
  // Locked: chunks that come at the same time are counted, numbered and compared one after the other.
  const [row] = yield* query(
    'SELECT asked, plan, state, recipients FROM audiences WHERE bot_id = $1 AND id = $2 {lock}',
    botId,
    notificationId,
  );
  if (row === undefined) return { kind: 'absent' };
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
  if (text(row, 'state') !== 'receiving') return { kind: 'absent' };
  const suppressed = yield* addRecipients(request, row);
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

/** Answers how many of them will not be sent anything. */
function* addRecipients({ botId, notificationId, recipients, at }: AddChunk, audience: Row): Steps<number> {
  const first = int(audience, 'recipients');
  const numbered = recipients.map((recipient) => ({ ...recipient, seq: first + recipient.seq }));
  const { first: open, again } = planOf(audience).deduplicate
    ? yield* partKnown({ botId, notificationId }, numbered)
    : { first: numbered, again: [] };
  yield* insertParked(askedOf(audience), open, at);
  const logs = again.map((recipient) => suppressedLog(recipient, 'duplicate', at));
  yield* insertMany(LOGS, logRows({ batch: { botId, notificationId }, logs }));
  yield* execute(
    'UPDATE audiences SET recipients = recipients + $3, suppressed = suppressed + $4 WHERE bot_id = $1 AND id = $2',
    botId,
    notificationId,
    recipients.length,
    again.length,
  );
  yield* countBacklog(botId, -again.length);
  return again.length;
}

/** Due, once they are released, when they could have been sent now: whoever came first goes first. */
function* insertParked(asked: AskedNotification, recipients: readonly Recipient[], at: number): Steps<void> {
  const queue = queueKey({ ...asked, size: 'large' });
  const delayMs = dueAt({ ...asked, expiresAt: asked.expiresAt ?? Number.POSITIVE_INFINITY }, at) - at;
  const parkedUntil = (yield* leaseClock()) + delayMs + PARKED_MS;
  const batches = writeBatches(recipients, asked);
  yield* insertMany(
    BATCHES,
    batches.map(({ batchNo, recipients }) => [asked.botId, asked.id, batchNo, queue, parkedUntil, 0, 0, recipients]),
  );
}

const MEMBERS: InsertShape = {
  table: 'audience_members',
  columns: { bot_id: 'text', notification_id: 'text', member: 'text' },
  onConflict: '',
};

function* partKnown(
  { botId, notificationId }: NotificationKey,
  recipients: readonly Recipient[],
): Steps<Pick<Distinct, 'first' | 'again'>> {
  const rows = yield* query(
    'SELECT member FROM audience_members WHERE bot_id = $1 AND notification_id = $2 AND member {any:text $3}',
    botId,
    notificationId,
    recipients.map(({ identity }) => identityKey(identity)),
  );
  const parted = partByIdentity(recipients, new Set(rows.map((row) => text(row, 'member'))));
  yield* insertMany(
    MEMBERS,
    parted.keys.map((key) => [botId, notificationId, key]),
  );
  return parted;
}

export function* sealAudience(request: SealAudience): Steps<SealResult> {
  const { botId, notificationId, expected, at, isCancelled } = request;
  const [row] = yield* query(
    `SELECT asked, recipients, suppressed FROM audiences WHERE bot_id = $1 AND id = $2 AND state = 'receiving' {lock}`,
    botId,
    notificationId,
  );
  if (row === undefined) return { kind: 'absent' };
  const recipients = int(row, 'recipients');
  const gap = expected === null ? null : yield* findGap(request, recipients);
  if (gap !== null) return gap;
  if (recipients === 0 && !isCancelled) return { kind: 'empty' };
  if (recipients > 0) yield* writeNotification(request, row);
  yield* execute(
    "UPDATE audiences SET state = 'clearing', due_at = $3 WHERE bot_id = $1 AND id = $2",
    botId,
    notificationId,
    at,
  );
  return { kind: 'sealed' };
}

function* writeNotification({ at, isCancelled }: SealAudience, audience: Row): Steps<void> {
  const asked = { ...askedOf(audience), createdAt: at };
  const total = int(audience, 'recipients');
  const notification: Notification = { ...asked, total, expiresAt: asked.expiresAt ?? defaultExpiry(asked) };
  yield* insertNotification(notification);
  yield* watchForCallback(notification);
  yield* setRules(notification);
  yield* suppress(notification, int(audience, 'suppressed'), at);
  const key = { botId: asked.botId, notificationId: asked.id };
  if (isCancelled) yield* cancel({ ...key, at });
  else yield* release(key);
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
