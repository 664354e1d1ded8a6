import { createRedaction } from '../model/erasure.ts';
import type { ErasureStep, Stretch } from './erasures.ts';
import { execute, query, type Row, type Steps, textOrNull } from './steps.ts';

/** What was said for all of a notification, and about it: nobody's name belongs there, but somebody may have put it. */
const TEXTS = [
  { table: 'notifications', keys: ['id'], columns: ['message', 'options'] },
  { table: 'audiences', keys: ['id'], columns: ['asked', 'plan'] },
  { table: 'callbacks', keys: ['notification_id', 'event_no'], columns: ['body', 'tries'] },
  { table: 'replies', keys: ['app_id', 'route', 'key'], columns: ['body'] },
] as const;

/** A message may be large. */
const ROWS_PER_STEP = 100;

export function* eraseTexts({ botId, erased, place }: ErasureStep): Steps<Stretch> {
  const [index, after] = place === '' ? [0, null] : (JSON.parse(place) as [number, Row[string][] | null]);
  const texts = TEXTS[index];
  if (texts === undefined) return { place: null, looked: 0, erased: 0 };
  const { table, keys, columns } = texts;
  const names = keys.join(', ');
  const beyond = keys.map((_, place) => `$${place + 3}`).join(', ');
  const rows = yield* query(
    `SELECT ${names}, ${columns.join(', ')} FROM ${table}
     WHERE bot_id = $1 ${after === null ? '' : `AND (${names}) > (${beyond})`} ORDER BY ${names} LIMIT $2`,
    botId,
    ROWS_PER_STEP,
    ...(after ?? []),
  );
  const redact = createRedaction(erased);
  let changed = 0;
  for (const row of rows) if (yield* rewrite(botId, texts, row, redact)) changed += 1;
  const last = rows.at(-1);
  const isOver = last === undefined || rows.length < ROWS_PER_STEP;
  const next = isOver ? [index + 1, null] : [index, keys.map((key) => last[key] ?? '')];
  return { place: JSON.stringify(next), looked: rows.length, erased: changed };
}

function* rewrite(
  botId: string,
  { table, keys, columns }: (typeof TEXTS)[number],
  row: Row,
  redact: (json: string) => string,
): Steps<boolean> {
  const before = columns.map((column) => textOrNull(row, column));
  const after = before.map((value) => (value === null ? null : redact(value)));
  if (after.every((value, index) => value === before[index])) return false;
  const values = columns.map((column, index) => `${column} = $${index + 2}`);
  const where = keys.map((key, index) => `AND ${key} = $${columns.length + index + 2}`);
  yield* execute(
    `UPDATE ${table} SET ${values.join(', ')} WHERE bot_id = $1 ${where.join(' ')}`,
    botId,
    ...after,
    ...keys.map((key) => row[key] ?? null),
  );
  return true;
}
