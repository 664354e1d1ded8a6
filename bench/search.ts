/**
 * How long one waits for a page of a search among a million: people by how a name or an identity begins, recipients of one
 * notification by identity, state and reason, over HTTP, on both stores. Run by hand:
 *   node bench/search.ts [rows=1000000] [sqlite|postgres]
 * Prints of each search the first page, a later one, and the longest that the thread was not to be had (of SQLite, which the rig keeps in it).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { isJsonObject } from '../src/model/json.ts';
import { putEnded } from '../test/support/ended-notification.ts';
import { BOT, call, type Rig, startRig, tokenFor } from '../test/support/http-rig.ts';
import { startPostgres } from '../test/support/postgres.ts';

const [, , rowsText = '1000000', only = ''] = process.argv;
const rows = Number(rowsText);
const ROUNDS = 20;

if (only !== 'postgres') {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-bench-search-'));
  const path = join(folder, 'beckon.db');
  try {
    await measure(`sqlite:${path}`, async (statements) => {
      const database = new DatabaseSync(path);
      for (const statement of statements) database.exec(statement);
      database.close();
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
if (only !== 'sqlite') {
  const postgres = await startPostgres();
  try {
    const url = await postgres.createDatabase();
    await measure(url, async (statements) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      for (const statement of [...statements, 'ANALYZE']) await client.query(statement);
      await client.end();
    });
  } finally {
    await postgres.stop();
  }
}

async function measure(database: string, fill: (statements: readonly string[]) => Promise<void>): Promise<void> {
  const before = await startRig({ database });
  const id = await putEnded({ store: before.store, botId: BOT, total: 1 });
  await before.close();
  await fill(rowsOf(id));
  const rig = await startRig({ database });
  // The rig's clock stands still by itself.
  let told = performance.now();
  const ticking = setInterval(() => {
    const now = performance.now();
    rig.clock.advance(now - told);
    told = now;
  }, 5);
  console.log(`\n${rig.store.kind}, ${rows} people, ${rows} recipients`);
  const people = `/api/v1/bots/${BOT}/people?limit=50`;
  const recipients = `/api/v1/bots/${BOT}/notifications/${id}/recipients?limit=50`;
  const searches: Readonly<Record<string, string>> = {
    'people, all': people,
    'people, q=p (nearly all)': `${people}&q=p`,
    'people, q=kim (a tenth, of one name)': `${people}&q=kim`,
    'people, q=person.99': `${people}&q=person.99`,
    'people, q=zzz (nobody)': `${people}&q=zzz`,
    'recipients, all': recipients,
    'recipients, q=person.99': `${recipients}&q=person.99`,
    'recipients, state=failed (1 of 1,000)': `${recipients}&state=failed`,
    'recipients, state=expired (nobody)': `${recipients}&state=expired`,
    'recipients, identity= the last': `${recipients}&identity=person.${rows - 1}@example.com`,
    'recipients, q=zzz (nobody)': `${recipients}&q=zzz`,
  };
  for (const [name, path] of Object.entries(searches)) await report(rig, name, path);
  clearInterval(ticking);
  await rig.close();
}

/** Each round goes on where the one before ended, as whoever scrolls does. */
async function report(rig: Rig, name: string, path: string): Promise<void> {
  const [first, later]: [number[], number[]] = [[], []];
  const stalls = monitorEventLoopDelay({ resolution: 1 });
  stalls.enable();
  for (let round = 0, cursor: string | null = null; round < ROUNDS; round += 1) {
    first.push(await timed(() => ask(rig, path)));
    const from: string | null = cursor ?? (await ask(rig, path));
    if (from === null) continue;
    later.push(await timed(async () => (cursor = await ask(rig, `${path}&cursor=${from}`))));
  }
  stalls.disable();
  const { pages, ms } = await readAll(rig, path);
  console.log(
    `${name}: first page ${spread(first)}, later ${spread(later)}, at a stretch ${(stalls.max / 1e6).toFixed(1)} ms at most` +
      (pages === null ? '' : `; to its end ${pages} pages, ${Math.round(ms)} ms`),
  );
}

/** Through empty pages as the console goes, until somebody is found or the end. */
async function readAll(rig: Rig, path: string) {
  const startedAt = performance.now();
  let pages = 0;
  for (let cursor = ''; ; ) {
    const { found, next } = await askPage(rig, cursor === '' ? path : `${path}&cursor=${cursor}`);
    pages += 1;
    if (found > 0 && pages === 1) return { pages: null, ms: 0 };
    if (found > 0 || next === null) return { pages, ms: performance.now() - startedAt };
    cursor = next;
  }
}

async function timed(ask: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await ask();
  return performance.now() - startedAt;
}

async function ask(rig: Rig, path: string): Promise<string | null> {
  return (await askPage(rig, path)).next;
}

async function askPage(rig: Rig, path: string): Promise<{ readonly found: number; readonly next: string | null }> {
  const { status, text, json } = await call(rig, path, { headers: { auth: await tokenFor('cs-both') } });
  if (status !== 200 || !isJsonObject(json)) throw new Error(`${path} answered ${status}: ${text}`);
  const list = json['people'] ?? json['recipients'];
  return {
    found: Array.isArray(list) ? list.length : 0,
    next: json['nextCursor'] === null ? null : String(json['nextCursor']),
  };
}

function spread(samples: readonly number[]): string {
  if (samples.length === 0) return '–';
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} worst ${at(1)} ms`;
}

/** The same SQL for both databases. */
function rowsOf(notificationId: string): string[] {
  const numbers = (from: number) =>
    `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${rows - 1})`;
  const person = `'u-00000000-0000-5000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2)`;
  const email = `'person.' || i || '@example.com'`;
  const failed = Math.floor((rows - 1) / 1_000);
  return [
    `INSERT INTO people (bot_id, id, email, identities, name, locale, tags, attributes)
     ${numbers(0)} SELECT '${BOT}', ${person}, ${email}, '[]', CASE WHEN i % 10 = 0 THEN 'Kim Lee' ELSE 'Person ' || i END,
     'en', '[]', '{}' FROM n`,
    `INSERT INTO identities (bot_id, identity, person_id) ${numbers(0)} SELECT '${BOT}', ${email}, ${person} FROM n`,
    `INSERT INTO logs (bot_id, notification_id, seq, state, reason, identity, person_id, attempts, maybe_doubled, at)
     ${numbers(1)} SELECT '${BOT}', '${notificationId}', i, CASE WHEN i % 1000 = 0 THEN 'failed' ELSE 'delivered' END,
     CASE WHEN i % 1000 = 0 THEN 'provider_error' END, ${email}, ${person}, 1, 0, 1700000000000 + i FROM n`,
    `UPDATE notifications SET total = ${rows}, failed = failed + ${failed}, delivered = delivered + ${rows - 1 - failed}
     WHERE id = '${notificationId}'`,
  ];
}
