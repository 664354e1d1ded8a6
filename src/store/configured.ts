import { hash } from 'node:crypto';
import { appendAudit } from './audit.ts';
import type { Configured, ConfiguredKey, ConfiguredPage, RemoveConfigured, SaveConfigured } from './port/tenancy.ts';
import { execute, int, query, type Row, type Steps, text, textOrNull } from './steps.ts';

/*
 * Bots, apps and connections that were made over the API. Every change moves one counter, so that a node finds out by
 * reading one number whether it has to read anything anew.
 */

const CONFIGURED = 'bot_id, kind, id, document, sealed';

export function* saveConfigured({ row, audit }: SaveConfigured): Steps<'created' | 'changed' | 'same'> {
  yield* lockChanges();
  const before = yield* findConfigured(row);
  if (before !== null && before.document === row.document && before.sealed === row.sealed) return 'same';
  yield* execute(
    `INSERT INTO configured (${CONFIGURED}) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (bot_id, kind, id) DO UPDATE SET document = excluded.document, sealed = excluded.sealed`,
    row.botId,
    row.kind,
    row.id,
    row.document,
    row.sealed,
  );
  yield* countChange();
  yield* appendAudit([{ ...audit, before: digestOf(before), after: digestOf(row) }]);
  return before === null ? 'created' : 'changed';
}

/** A bot goes with what is configured for it. False: there is none. */
export function* removeConfigured({ key, audit }: RemoveConfigured): Steps<boolean> {
  yield* lockChanges();
  const before = yield* findConfigured(key);
  if (before === null) return false;
  if (key.kind === 'bot') yield* execute('DELETE FROM configured WHERE bot_id = $1', key.botId);
  else
    yield* execute('DELETE FROM configured WHERE bot_id = $1 AND kind = $2 AND id = $3', key.botId, key.kind, key.id);
  yield* countChange();
  yield* appendAudit([{ ...audit, before: digestOf(before) }]);
  return true;
}

export function* listConfigured({ after, limit }: ConfiguredPage): Steps<Configured[]> {
  const rows = yield* query(
    `SELECT ${CONFIGURED} FROM configured WHERE (bot_id, kind, id) > ($1, $2, $3)
     ORDER BY bot_id, kind, id LIMIT $4`,
    after?.botId ?? '',
    after?.kind ?? '',
    after?.id ?? '',
    limit,
  );
  return rows.map(configured);
}

export function* configuredVersion(): Steps<number> {
  const [row] = yield* query('SELECT version FROM configured_version WHERE id = 1');
  return row === undefined ? 0 : int(row, 'version');
}

/** One change at a time: what was there before is what the change before left, and is counted in the same order. */
const lockChanges = (): Steps<void> =>
  execute(
    `INSERT INTO configured_version (id, version) VALUES (1, 0)
     ON CONFLICT (id) DO UPDATE SET version = configured_version.version`,
  );

const countChange = (): Steps<void> => execute('UPDATE configured_version SET version = version + 1 WHERE id = 1');

export function* findConfigured({ botId, kind, id }: ConfiguredKey): Steps<Configured | null> {
  const [row] = yield* query(
    `SELECT ${CONFIGURED} FROM configured WHERE bot_id = $1 AND kind = $2 AND id = $3`,
    botId,
    kind,
    id,
  );
  return row === undefined ? null : configured(row);
}

/** Of what is sealed its ciphertext, which says that it is another and not what it is. */
const digestOf = (row: Configured | null): string | null =>
  row === null ? null : hash('sha256', JSON.stringify([row.document, row.sealed]));

const configured = (row: Row): Configured => ({
  botId: text(row, 'bot_id'),
  kind: text(row, 'kind') as Configured['kind'],
  id: text(row, 'id'),
  document: text(row, 'document'),
  sealed: textOrNull(row, 'sealed'),
});
