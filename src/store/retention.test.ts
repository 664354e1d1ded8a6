import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startPostgres, type TestPostgres } from '../../test/support/postgres.ts';
import { systemClock } from '../model/clock.ts';
import { randomId } from '../model/ids.ts';
import { LOGS, logRows } from './checkpoint.ts';
import type { Database } from './database.ts';
import { keyOf, LOG_TIME, logOf, sample } from './exam-samples.ts';
import { accept } from './notifications.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import { openPostgres } from './postgres.ts';
import { writeRecipients } from './recipients.ts';
import { enforceRetention } from './retention.ts';
import { openSqlite } from './sqlite.ts';
import { execute, insertMany, int, type Query, query, type Row, type Steps } from './steps.ts';

const RECIPIENTS = 100_000;
const LIMIT = 1_000;
const YEAR_MS = 365 * 86_400_000;

describe('removing what is too old', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  it('holds up nobody on SQLite, a hundred thousand lines', () => removesInSteps(openSqlite(':memory:', systemClock)));
  it('holds up nobody on PostgreSQL, a hundred thousand lines', async () =>
    removesInSteps(openPostgres(await postgres.createDatabase())));

  it('finds what has ended by its index on SQLite, whatever stands before it', () =>
    passesOver(openSqlite(':memory:', systemClock), function* planOf(statement) {
      const plan = yield* query(`EXPLAIN QUERY PLAN ${statement.sql}`, ...statement.params);
      const details = plan.map((row) => String(row['detail'])).filter((detail) => / notifications /.test(detail));
      for (const detail of details)
        assert.match(
          detail,
          /notifications_by_end \(bot_id=\? AND <expr>=\? AND finished_at<\?\)|\(bot_id=\? AND id=\?\)/,
        );
      return details.length;
    }));

  it('reads what it removes on PostgreSQL and no more, whatever stands before it', async () => {
    let seen = 0;
    await passesOver(openPostgres(await postgres.createDatabase()), function* readSince() {
      const [row] = yield* query(
        `SELECT CAST(coalesce(sum(seq_tup_read + idx_tup_fetch), 0) AS {int}) AS tuples
         FROM pg_stat_xact_user_tables WHERE relname = 'notifications'`,
      );
      const tuples = row === undefined ? 0 : int(row, 'tuples');
      // It begins anew whenever it was added to what all see.
      const read = tuples >= seen ? tuples - seen : tuples;
      seen = tuples;
      return read;
    });
  });
});

const [UNFINISHED, FINISHED] = [1_000, 300];

/** Old ones that have not ended stand before those that have. `look` says how much a statement read of notifications. */
async function passesOver(database: Database, look: (statement: Query) => Steps<number>): Promise<void> {
  try {
    await database.migrate();
    const botId = randomId('st');
    const requests = Array.from({ length: UNFINISHED + FINISHED }, () => sample({ botId }));
    for (const [index, { notification, ...request }] of requests.entries()) {
      const written = { ...request, notification: { ...notification, createdAt: LOG_TIME + index } };
      await database.write(() => accept(writeRecipients(written)));
    }
    const ended = requests.slice(UNFINISHED).map((request) => keyOf(request).notificationId);
    await database.write(() => endSome(botId, ended));
    // As PostgreSQL does by itself in a while, so that it knows what is many and what is few.
    if (database.kind === 'postgres') await database.write(() => execute('ANALYZE'));
    const ages = { recipientsMs: YEAR_MS, notificationsMs: 10 * YEAR_MS, callbacksMs: YEAR_MS };
    async function pass(at: number): Promise<{ readonly read: number; readonly removed: number }> {
      let [read, removed] = [0, 0];
      for (let rows = 1; rows > 0; removed += rows) {
        rows = await database.write(() =>
          looking(enforceRetention({ botId, ages, at, limit: LIMIT }), look, (more) => {
            read += more;
          }),
        );
      }
      return { read, removed };
    }
    const first = await pass(LOG_TIME + 2 * YEAR_MS);
    assert.equal(first.removed, FINISHED);
    assert.ok(first.read > 0 && first.read <= 8 * FINISHED, `${first.read} rows for ${FINISHED} notifications`);
    const next = await pass(LOG_TIME + 3 * YEAR_MS);
    assert.equal(next.removed, 0);
    assert.ok(next.read <= 10, `${next.read} rows where there is nothing to do`);
    const last = await pass(LOG_TIME + 12 * YEAR_MS);
    assert.equal(last.removed, FINISHED);
    assert.ok(last.read <= 8 * FINISHED, `${last.read} rows to remove ${FINISHED} notifications`);
  } finally {
    await database.close();
  }
}

function* endSome(botId: string, ids: readonly string[]): Steps<void> {
  for (const notificationId of ids)
    yield* insertMany(LOGS, logRows({ batch: { botId, notificationId }, logs: [logOf(0, 'failed')] }));
  yield* execute('DELETE FROM batches WHERE bot_id = $1 AND notification_id {any:text $2}', botId, ids);
  yield* execute(
    'UPDATE notifications SET pending = 0, failed = total, finished_at = $3 WHERE bot_id = $1 AND id {any:text $2}',
    botId,
    ids,
    LOG_TIME + UNFINISHED + FINISHED,
  );
}

function* looking<T>(
  steps: Steps<T>,
  look: (statement: Query) => Steps<number>,
  onRead: (more: number) => void,
): Steps<T> {
  let rows: readonly Row[] = [];
  for (;;) {
    const next = steps.next(rows);
    if (next.done) return next.value;
    rows = yield next.value;
    if (next.value.kind !== 'query' && next.value.kind !== 'execute') continue;
    onRead(yield* look({ ...next.value, kind: 'query' }));
  }
}

/** What a transaction costs others is how many statements and rows it has, whatever there is in all. */
async function removesInSteps(database: Database): Promise<void> {
  try {
    await database.migrate();
    const request = sample({ recipients: RECIPIENTS });
    await database.write(() => accept(writeRecipients(request)));
    for (let from = 0; from < RECIPIENTS; from += 10_000) await database.write(() => addLogs(request, from));
    await database.write(() => end(request));
    const { botId } = keyOf(request);
    const ages = { recipientsMs: YEAR_MS, notificationsMs: YEAR_MS, callbacksMs: YEAR_MS };
    const ask = { botId, ages, at: LOG_TIME + 2 * YEAR_MS, limit: LIMIT };
    const most = { statements: 0, rows: 0 };
    let removed = 0;
    let steps = 0;
    for (let rows = 1; rows > 0; steps += 1) {
      const counted = { statements: 0, rows: 0 };
      // Asked for at the same moment: it waits for this step and no other.
      const [inStep, { kind }] = await Promise.all([
        database.write(() => counting(enforceRetention(ask), counted)),
        database.write(() => accept(writeRecipients(sample({})))),
      ]);
      assert.equal(kind, 'accepted');
      rows = inStep;
      removed += rows;
      most.statements = Math.max(most.statements, counted.statements);
      most.rows = Math.max(most.rows, counted.rows);
    }
    assert.ok(most.statements <= 14, `${most.statements} statements`);
    assert.ok(most.rows <= LIMIT + 10, `${most.rows} rows`);
    // The lines, the notification, and the look that finds nothing.
    assert.deepEqual([removed, steps], [RECIPIENTS + 1 + 1, RECIPIENTS / LIMIT + 3]);
  } finally {
    await database.close();
  }
}

function* addLogs(request: AcceptRequest, from: number): Steps<void> {
  const logs = Array.from({ length: 10_000 }, (_, index) => logOf(from + index, 'failed'));
  yield* insertMany(LOGS, logRows({ batch: keyOf(request), logs }));
}

function* end(request: AcceptRequest): Steps<void> {
  const { botId } = keyOf(request);
  yield* execute('DELETE FROM batches WHERE bot_id = $1', botId);
  yield* execute(
    'UPDATE notifications SET pending = 0, failed = total, finished_at = $2 WHERE bot_id = $1',
    botId,
    LOG_TIME,
  );
}

function* counting<T>(steps: Steps<T>, counted: { statements: number; rows: number }): Steps<T> {
  let rows: readonly Row[] = [];
  for (;;) {
    const next = steps.next(rows);
    if (next.done) return next.value;
    rows = yield next.value;
    counted.statements += 1;
    counted.rows += rows.length;
  }
}
