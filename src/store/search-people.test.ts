import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '../model/clock.ts';
import { randomId } from '../model/ids.ts';
import { sqliteDialect, translate } from './dialect.ts';
import { personOf } from './exam-samples.ts';
import { openStore } from './open.ts';
import type { PeopleSearch } from './port/directory.ts';
import { searchPeople } from './search-people.ts';

test('a page of a search goes to its place in an index, however many people there are', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-search-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'beckon.db');
  const botId = randomId('st');
  const store = await openStore(`sqlite:${path}`, { clock: systemClock });
  const people = ['kim@abc.com', 'joe@abc.com'].map((email) => personOf(botId, email, { name: 'Kim' }));
  await store.upsertPeople({ people });
  await store.close();
  const database = new DatabaseSync(path);
  t.after(() => database.close());
  const after = { by: 'name', key: 'kim', personId: people[0]?.id ?? '' } as const;
  for (const place of [null, after]) {
    const plans = plansOf(database, { botId, prefix: 'kim', after: place, limit: 1 });
    assert.ok(plans.length > 0);
    for (const plan of plans)
      assert.match(plan, /\(bot_id=\? AND \S+(=|>)\?( AND \S+[<>]\?)?\)|PRIMARY KEY \(bot_id=\? AND/, plan);
  }
});

/** How SQLite goes about each table of ours that the steps of a search read. */
function plansOf(database: DatabaseSync, asked: PeopleSearch): string[] {
  const plans: string[] = [];
  const steps = searchPeople(asked);
  for (let step = steps.next(); step.done !== true; ) {
    assert.ok(step.value.kind === 'query');
    const params = step.value.params.map((param) => (typeof param === 'object' ? JSON.stringify(param) : param));
    const sql = translate(step.value.sql, sqliteDialect);
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params);
    const details = plan.map(({ detail }) => String(detail));
    plans.push(...details.filter((detail) => /(SEARCH|SCAN) (people|identities|addresses)/.test(detail)));
    const rows = database.prepare(sql).all(...params);
    step = steps.next(rows as never);
  }
  return plans;
}
