import type { Exclusion } from '../model/audience.ts';
import type { Recipient } from '../model/notification.ts';
import { identityKey } from '../model/person.ts';
import { listOwners, listWithTags } from './person-tags.ts';
import type { NotificationKey } from './port/notifications.ts';
import { decodeRecipients } from './recipients.ts';
import { type InsertShape, insertMany, int, query, type Row, type Steps, text } from './steps.ts';

/*
 * Whom an audience leaves out by name is written down before anybody is added to it, as the names and as the people whose
 * names they are, so that each who is added is looked for once. Tags are looked up when somebody is added.
 */

const EXCLUDED: InsertShape = {
  table: 'audience_excluded',
  columns: { bot_id: 'text', notification_id: 'text', member: 'text' },
  onConflict: 'ON CONFLICT DO NOTHING',
};

export function* excludeIdentities(audience: NotificationKey, identities: readonly string[]): Steps<void> {
  if (identities.length === 0) return;
  const keys = identities.map(identityKey);
  const owners = yield* listOwners(audience.botId, keys);
  yield* insertMany(
    EXCLUDED,
    [...new Set([...keys, ...owners.values()])].map((member) => [audience.botId, audience.notificationId, member]),
  );
}

/** How far the recipients of other notifications are written down. */
export interface ExcludingProgress {
  /** Of them, by number. */
  readonly index: number;
  readonly from: 'batches' | 'logs';
  /** The last that was looked at. */
  readonly after: number;
  /** How often it was retried when the look at it began; below 0: a retry was going on. */
  readonly retries: number;
}

export const EXCLUDING_BEGINS: ExcludingProgress = { index: 0, from: 'batches', after: -1, retries: 0 };

/**
 * One stretch. Recipients go from batches to logs and their batches to higher numbers, so whoever looks at batches first
 * meets all; only a retry takes them the other way, and then the look begins again. Null: there is nobody more.
 */
export function* excludeRecipients(
  audience: NotificationKey,
  { index, from, after, retries }: ExcludingProgress,
  { notifications = [], limit }: Pick<Exclusion, 'notifications'> & { readonly limit: number },
): Steps<ExcludingProgress | null> {
  const notificationId = notifications[index];
  if (notificationId === undefined) return null;
  const key = { botId: audience.botId, notificationId };
  if (from === 'batches') {
    const begun = after === -1 ? yield* countRetries(key) : retries;
    const rows = yield* listBatches(key, after, Math.ceil(limit / 100));
    const recipients = rows.flatMap((row) => decodeRecipients(text(row, 'recipients')));
    yield* excludeIdentities(
      audience,
      recipients.map(({ identity }) => identity),
    );
    const last = lastOf(rows, 'batch_no');
    if (last === null) return { index, from: 'logs', after: -1, retries: begun };
    return { index, from, after: last, retries: begun };
  }
  const rows = yield* listLogged(key, after, limit);
  yield* excludeIdentities(
    audience,
    rows.map((row) => text(row, 'identity')),
  );
  const last = lastOf(rows, 'seq');
  if (last !== null) return { index, from, after: last, retries };
  const isQuiet = retries >= 0 && (yield* countRetries(key)) === retries;
  return { ...EXCLUDING_BEGINS, index: isQuiet ? index + 1 : index };
}

/** Below 0: one is going on. */
function* countRetries({ botId, notificationId }: NotificationKey): Steps<number> {
  const [row] = yield* query(
    `SELECT CASE WHEN count(*) > count(finished_at) THEN -1 ELSE coalesce(max(no), 0) END AS retries
     FROM retries WHERE bot_id = $1 AND notification_id = $2`,
    botId,
    notificationId,
  );
  return row === undefined ? 0 : int(row, 'retries');
}

const listBatches = ({ botId, notificationId }: NotificationKey, after: number, limit: number) =>
  query(
    `SELECT batch_no, recipients FROM batches WHERE bot_id = $1 AND notification_id = $2 AND batch_no > $3
     ORDER BY batch_no LIMIT $4`,
    botId,
    notificationId,
    after,
    limit,
  );

const listLogged = ({ botId, notificationId }: NotificationKey, after: number, limit: number) =>
  query(
    `SELECT seq, identity FROM logs WHERE bot_id = $1 AND notification_id = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
    botId,
    notificationId,
    after,
    limit,
  );

const lastOf = (rows: readonly Row[], column: string): number | null => {
  const last = rows.at(-1);
  return last === undefined ? null : int(last, column);
};

/** Which of them are left out, by seq. */
export function* findExcluded(
  { botId, notificationId }: NotificationKey,
  exclude: Exclusion,
  recipients: readonly Recipient[],
): Steps<ReadonlySet<number>> {
  const keys = recipients.map(({ identity }) => identityKey(identity));
  const owners = yield* listOwners(botId, keys);
  const people = [...new Set(owners.values())];
  const rows = yield* query(
    'SELECT member FROM audience_excluded WHERE bot_id = $1 AND notification_id = $2 AND member {any:text $3}',
    botId,
    notificationId,
    [...new Set([...keys, ...people])],
  );
  const members = new Set(rows.map((row) => text(row, 'member')));
  const tagged = exclude.tags === undefined ? new Set() : yield* listWithTags(botId, people, exclude.tags);
  const isLeftOut = (key: string): boolean => {
    const person = owners.get(key);
    return members.has(key) || (person !== undefined && (members.has(person) || tagged.has(person)));
  };
  return new Set(recipients.filter((_, index) => isLeftOut(keys[index] ?? '')).map(({ seq }) => seq));
}
