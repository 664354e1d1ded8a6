import type { DataKey, DataKeyPage, RewrapDataKey } from './port/tenancy.ts';
import { int, query, type Row, type Steps, text } from './steps.ts';

const DATA_KEY = 'bot_id, version, master, wrapped';

/** Whoever was first: the answer is what is kept. */
export function* keepDataKey(key: DataKey): Steps<DataKey> {
  const kept = yield* query(
    `INSERT INTO data_keys (${DATA_KEY}) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING version`,
    key.botId,
    key.version,
    key.master,
    key.wrapped,
  );
  return kept.length === 1 ? key : ((yield* findDataKey(key)) ?? key);
}

export function* findDataKey({
  botId,
  version,
}: {
  readonly botId: string;
  readonly version: number | null;
}): Steps<DataKey | null> {
  const [row] = yield* query(
    `SELECT ${DATA_KEY} FROM data_keys WHERE bot_id = $1 AND version <= $2 ORDER BY version DESC LIMIT 1`,
    botId,
    version ?? Number.MAX_SAFE_INTEGER,
  );
  const found = row === undefined ? null : dataKey(row);
  return version === null || found?.version === version ? found : null;
}

export function* listDataKeys({ after, limit }: DataKeyPage): Steps<DataKey[]> {
  const rows = yield* query(
    `SELECT ${DATA_KEY} FROM data_keys WHERE (bot_id, version) > ($1, $2) ORDER BY bot_id, version LIMIT $3`,
    after?.botId ?? '',
    after?.version ?? 0,
    limit,
  );
  return rows.map(dataKey);
}

export function* rewrapDataKey({ from, to }: RewrapDataKey): Steps<boolean> {
  const rows = yield* query(
    `UPDATE data_keys SET master = $4, wrapped = $5 WHERE bot_id = $1 AND version = $2 AND master = $3 RETURNING version`,
    to.botId,
    to.version,
    from,
    to.master,
    to.wrapped,
  );
  return rows.length === 1;
}

const dataKey = (row: Row): DataKey => ({
  botId: text(row, 'bot_id'),
  version: int(row, 'version'),
  master: text(row, 'master'),
  wrapped: text(row, 'wrapped'),
});
