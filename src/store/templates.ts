import type { FoundTemplate, PutTemplate, PutTemplateResult, TemplatePage, TemplateSummary } from './port/templates.ts';
import { execute, int, intOrNull, query, type Row, type Steps, text } from './steps.ts';

/**
 * What is put again as it stands makes no version, so that a caller may repeat itself. Who was overtaken between reading
 * and writing looks again: then there is a row to lock.
 */
export function* putTemplate(request: PutTemplate): Steps<PutTemplateResult> {
  for (;;) {
    const [row] = yield* query(
      'SELECT version, archived_at FROM templates WHERE bot_id = $1 AND name = $2 {lock}',
      request.botId,
      request.name,
    );
    const version = row === undefined ? 0 : int(row, 'version');
    const isArchived = row !== undefined && intOrNull(row, 'archived_at') !== null;
    const { expected } = request;
    const current = isArchived ? 0 : version;
    if (expected !== null && expected !== current) return { kind: 'conflict', version: current };
    if (version > 0 && (yield* isSaying(request, version))) {
      if (!isArchived) return { kind: 'same', version };
      yield* setHead(request, version);
      return { kind: 'revived', version };
    }
    if (version === 0 && !(yield* insertHead(request))) continue;
    if (version > 0) yield* setHead(request, version + 1);
    yield* execute(
      `INSERT INTO template_versions (bot_id, name, version, definition, created_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      request.botId,
      request.name,
      version + 1,
      request.definition,
      request.createdBy,
      request.at,
    );
    return { kind: 'new', version: version + 1 };
  }
}

function* isSaying({ botId, name, definition }: PutTemplate, version: number): Steps<boolean> {
  const rows = yield* query(
    'SELECT 1 AS same FROM template_versions WHERE bot_id = $1 AND name = $2 AND version = $3 AND definition = $4',
    botId,
    name,
    version,
    definition,
  );
  return rows.length === 1;
}

function* insertHead({ botId, name }: PutTemplate): Steps<boolean> {
  const rows = yield* query(
    'INSERT INTO templates (bot_id, name, version) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING RETURNING version',
    botId,
    name,
  );
  return rows.length === 1;
}

function* setHead({ botId, name }: PutTemplate, version: number): Steps<void> {
  yield* execute(
    'UPDATE templates SET version = $3, archived_at = NULL WHERE bot_id = $1 AND name = $2',
    botId,
    name,
    version,
  );
}

export function* findTemplate(request: {
  readonly botId: string;
  readonly name: string;
  readonly version: number | null;
}): Steps<FoundTemplate | null> {
  const [row] = yield* query(
    `SELECT t.name, v.version, t.version AS latest, t.archived_at, v.definition, v.created_by, v.created_at
     FROM templates t JOIN template_versions v ON v.bot_id = t.bot_id AND v.name = t.name
     WHERE t.bot_id = $1 AND t.name = $2 AND v.version = coalesce($3, t.version)`,
    request.botId,
    request.name,
    request.version,
  );
  if (row === undefined) return null;
  return {
    ...summaryOf(row),
    latest: int(row, 'latest'),
    archivedAt: intOrNull(row, 'archived_at'),
    definition: text(row, 'definition'),
  };
}

export function* listTemplates({ botId, afterName, limit }: TemplatePage): Steps<TemplateSummary[]> {
  const rows = yield* query(
    `SELECT t.name, t.version, v.created_by, v.created_at
     FROM templates t JOIN template_versions v ON v.bot_id = t.bot_id AND v.name = t.name AND v.version = t.version
     WHERE t.bot_id = $1 AND t.name > $2 AND t.archived_at IS NULL ORDER BY t.name LIMIT $3`,
    botId,
    afterName,
    limit,
  );
  return rows.map(summaryOf);
}

export function* listTemplateVersions(request: {
  readonly botId: string;
  readonly name: string;
  readonly before: number;
  readonly limit: number;
}): Steps<TemplateSummary[]> {
  const rows = yield* query(
    `SELECT name, version, created_by, created_at FROM template_versions
     WHERE bot_id = $1 AND name = $2 AND version < $3 ORDER BY version DESC LIMIT $4`,
    request.botId,
    request.name,
    request.before,
    request.limit,
  );
  return rows.map(summaryOf);
}

export function* archiveTemplate(request: {
  readonly botId: string;
  readonly name: string;
  readonly at: number;
}): Steps<boolean> {
  const rows = yield* query(
    `UPDATE templates SET archived_at = $3 WHERE bot_id = $1 AND name = $2 AND archived_at IS NULL RETURNING name`,
    request.botId,
    request.name,
    request.at,
  );
  return rows.length === 1;
}

const summaryOf = (row: Row): TemplateSummary => ({
  name: text(row, 'name'),
  version: int(row, 'version'),
  createdBy: text(row, 'created_by'),
  createdAt: int(row, 'created_at'),
});
