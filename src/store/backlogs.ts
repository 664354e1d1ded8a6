import type { Backlog } from './port/acceptance.ts';
import type { BatchProgress } from './port/work.ts';
import { execute, type InsertShape, insertMany, int, query, type Row, type Steps, text } from './steps.ts';

/*
 * One row a bot: how many of its recipients have no end yet. Ends are counted in the checkpoint that records them;
 * whoever accepts tells later how many they were, so that accepting costs nothing more and waits for nobody. Between the
 * two a row may be below zero, and a process that is killed has not told its last; both is put right when a bot has
 * nothing left.
 */

const BACKLOGS: InsertShape = {
  table: 'backlogs',
  columns: { bot_id: 'text', recipients: 'int' },
  onConflict: 'ON CONFLICT (bot_id) DO UPDATE SET recipients = backlogs.recipients + excluded.recipients',
};

export function* tellAccepted({
  accepted,
}: {
  readonly accepted: readonly Backlog[];
}): Steps<{ readonly bots: Backlog[]; readonly all: number }> {
  const bots = accepted.map(({ botId }) => botId);
  // In order, so that two nodes wait for each other instead of locking each other out.
  const rows = accepted.map(({ botId, recipients }) => [botId, recipients] as const);
  yield* insertMany(
    BACKLOGS,
    rows.toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
  yield* forgetWhereNothingWaits(bots);
  const [sum] = yield* query(
    'SELECT CAST(coalesce(sum(recipients), 0) AS {int}) AS recipients FROM backlogs WHERE recipients > 0',
  );
  const found = yield* query('SELECT bot_id, recipients FROM backlogs WHERE bot_id {any:text $1}', bots);
  const byBot = new Map(found.map((row) => [text(row, 'bot_id'), outstanding(row)]));
  return {
    bots: bots.map((botId) => ({ botId, recipients: byBot.get(botId) ?? 0 })),
    all: sum === undefined ? 0 : outstanding(sum),
  };
}

const outstanding = (row: Row): number => Math.max(0, int(row, 'recipients'));

/** The rows are locked by now, so nobody can have told since of a batch that this does not see. */
function* forgetWhereNothingWaits(bots: readonly string[]): Steps<void> {
  yield* execute(
    `UPDATE backlogs SET recipients = 0 WHERE bot_id {any:text $1} AND recipients <> 0
       AND NOT EXISTS (SELECT 1 FROM batches WHERE batches.bot_id = backlogs.bot_id)`,
    bots,
  );
}

/** Puts the rows of bots right that have nothing left and are not called any more. */
export function* mendBacklogs({ limit }: { readonly limit: number }): Steps<void> {
  const rows = yield* query(
    `SELECT bot_id FROM backlogs WHERE recipients <> 0
       AND NOT EXISTS (SELECT 1 FROM batches WHERE batches.bot_id = backlogs.bot_id)
     LIMIT $1 {skip}`,
    limit,
  );
  if (rows.length > 0) yield* forgetWhereNothingWaits(rows.map((row) => text(row, 'bot_id')));
}

/** Of one bot, where it is known at once. */
export function* countBacklog(botId: string, recipients: number): Steps<void> {
  if (recipients !== 0) yield* insertMany(BACKLOGS, [[botId, recipients]]);
}

/** Last of a checkpoint: other nodes that record something of the same bots wait from here to its commit. */
export function* countEnds(batches: readonly BatchProgress[]): Steps<void> {
  const ended = [...Map.groupBy(batches, ({ batch }) => batch.botId)].map(([botId, group]) => ({
    bot_id: botId,
    recipients: group.reduce((sum, { logs }) => sum + logs.length, 0),
  }));
  if (ended.every(({ recipients }) => recipients === 0)) return;
  yield* execute(
    `WITH held AS MATERIALIZED (SELECT bot_id FROM backlogs WHERE bot_id {any:text $2} ORDER BY bot_id {lock})
     UPDATE backlogs SET recipients = backlogs.recipients - ended.recipients
     FROM {rows ended(bot_id text, recipients int) $1} JOIN held ON held.bot_id = ended.bot_id
     WHERE backlogs.bot_id = ended.bot_id`,
    ended,
    ended.map(({ bot_id }) => bot_id),
  );
}
