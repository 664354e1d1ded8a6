import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startPostgres, type TestPostgres } from '../../test/support/postgres.ts';
import { systemClock } from '../model/clock.ts';
import { LOGS, logRows } from './checkpoint.ts';
import type { Database } from './database.ts';
import { keyOf, LOG_TIME, logOf, sample } from './exam-samples.ts';
import { accept } from './notifications.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import { openPostgres } from './postgres.ts';
import { writeRecipients } from './recipients.ts';
import { enforceRetention } from './retention.ts';
import { openSqlite } from './sqlite.ts';
import { execute, insertMany, type Row, type Steps } from './steps.ts';

const RECIPIENTS = 100_000;
const LIMIT = 1_000;
const YEAR_MS = 365 * 86_400_000;

describe('removing a hundred thousand lines', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  it('holds up nobody on SQLite', () => removesInSteps(openSqlite(':memory:', systemClock)));
  it('holds up nobody on PostgreSQL', async () => removesInSteps(openPostgres(await postgres.createDatabase())));
});

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
