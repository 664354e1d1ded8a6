import { type Distinct, partByIdentity, suppressedLog } from '../model/audience.ts';
import type { Recipient } from '../model/notification.ts';
import { identityKey } from '../model/person.ts';
import { dueAt } from '../model/timing.ts';
import type { StoredAudience } from './audience-rows.ts';
import { BATCHES, leaseClock, queueKey } from './batches.ts';
import { LOGS, logRows } from './checkpoint.ts';
import { findExcluded } from './exclusions.ts';
import { PARKED_MS } from './pause.ts';
import type { AskedNotification } from './port/audiences.ts';
import type { NotificationKey } from './port/notifications.ts';
import { writeBatches } from './recipients.ts';
import { execute, type InsertShape, insertMany, query, type Steps, text } from './steps.ts';

/**
 * Numbers them behind those who are there, parks who is to be sent it, and ends who is left out. Answers how many these
 * are. The audience is locked, and as it was read then.
 */
export function* addRecipients(
  audience: StoredAudience,
  recipients: readonly Recipient[],
  at: number,
): Steps<{ readonly suppressed: number }> {
  const { botId, notificationId, plan, asked } = audience;
  const numbered = recipients.map((recipient) => ({ ...recipient, seq: audience.recipients + recipient.seq }));
  const excluded =
    plan.exclude === undefined ? new Set<number>() : yield* findExcluded(audience, plan.exclude, numbered);
  const wanted = excluded.size === 0 ? numbered : numbered.filter(({ seq }) => !excluded.has(seq));
  const { first: open, again } = plan.deduplicate ? yield* partKnown(audience, wanted) : { first: wanted, again: [] };
  const ahead = (asked.options?.canary?.recipients ?? 0) - (audience.recipients - audience.suppressed);
  yield* insertParked(asked, writeBatches(open, ahead), at);
  const logs = [
    ...numbered.filter(({ seq }) => excluded.has(seq)).map((recipient) => suppressedLog(recipient, 'excluded', at)),
    ...again.map((recipient) => suppressedLog(recipient, 'duplicate', at)),
  ];
  yield* insertMany(LOGS, logRows({ batch: { botId, notificationId }, logs }));
  yield* execute(
    `UPDATE audiences SET recipients = recipients + $3, suppressed = suppressed + $4, excluded = excluded + $5
     WHERE bot_id = $1 AND id = $2`,
    botId,
    notificationId,
    recipients.length,
    logs.length,
    excluded.size,
  );
  return { suppressed: logs.length };
}

/** Due, once they are released, when they could have been sent now: whoever came first goes first. */
function* insertParked(asked: AskedNotification, batches: ReturnType<typeof writeBatches>, at: number): Steps<void> {
  const queue = queueKey({ ...asked, size: 'large' });
  const delayMs = dueAt({ ...asked, expiresAt: asked.expiresAt ?? Number.POSITIVE_INFINITY }, at) - at;
  const parkedUntil = (yield* leaseClock()) + delayMs + PARKED_MS;
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
