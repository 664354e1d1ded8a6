import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { isId } from '../../../model/ids.ts';
import { SCOPE_ADMIN } from '../../../model/tenancy.ts';
import type { NotificationPage } from '../../../store/port/notifications.ts';
import type { Store } from '../../../store/port.ts';
import type { ChannelCatalog } from '../../accept/channel-catalog.ts';
import { readCursor, writeCursor } from '../../contract/cursor.ts';
import { CURSOR, closed, DEFAULT_LIMIT, LIMIT } from '../../contract/fields.ts';
import type { Operation } from '../../contract/operation.ts';
import { addOperation } from '../../contract/route.ts';
import { Fault } from '../../faults.ts';
import type { NativeContext } from '../context.ts';
import { ACCEPT, askedStream, sendStream } from '../export-stream.ts';
import { AUDIT_PAGE, AUDIT_STREAM, toEntry, toSend } from './audit-documents.ts';

export interface AuditRouteOptions extends Pick<NativeContext, 'store' | 'gate'> {
  readonly catalog: Pick<ChannelCatalog, 'ids'>;
}

const QUERY = closed({
  botId: Type.Optional(Type.String({ description: 'Changes of this bot; absent: those that are of no one bot.' })),
  limit: LIMIT,
  cursor: CURSOR,
});

interface Asked {
  readonly Querystring: Static<typeof QUERY>;
}

const LIST_AUDIT: Operation = {
  id: 'listAudit',
  tag: 'admin',
  summary: 'Who changed what, newest first',
  description:
    'Every change leaves one entry in the chain of its bot, in the same transaction. `Accept: application/x-ndjson` streams the whole chain in order, to be checked, and every send with the app that asked for it.',
  scope: SCOPE_ADMIN,
  query: QUERY,
  headers: ACCEPT,
  replies: {
    200: {
      description: 'A page of changes, or everything.',
      content: { 'application/json': AUDIT_PAGE, 'application/x-ndjson': AUDIT_STREAM },
    },
  },
  faults: ['body_invalid'],
};

/** Who changed what. A Fastify plugin, under the native prefix. */
export async function auditRoute(app: FastifyInstance, options: AuditRouteOptions): Promise<void> {
  addOperation(app, options.gate, {
    method: 'GET',
    url: '/admin/audit',
    operation: LIST_AUDIT,
    handler: createAuditList(options),
  });
}

function createAuditList({ store, catalog }: AuditRouteOptions) {
  return async function listAudit(
    request: FastifyRequest<Asked>,
    reply: FastifyReply,
  ): Promise<FastifyReply | Static<typeof AUDIT_PAGE>> {
    const { botId = null, limit = DEFAULT_LIMIT, cursor } = request.query;
    if (botId !== null && !isId('st', botId)) throw new Fault('body_invalid', "botId is a bot's id, st-…");
    const stream = askedStream(request);
    if (stream?.format === 'ndjson') {
      if (request.query.limit !== undefined || cursor !== undefined) {
        throw new Fault('body_invalid', 'a stream holds everything: leave out limit and cursor');
      }
      const rows = writeAudit(store, botId, catalog.ids);
      return sendStream(reply, stream, { name: `audit-${botId ?? 'server'}`, rows });
    }
    const from = Number(readCursor(request, /^[1-9]\d{0,14}$/) ?? Number.MAX_SAFE_INTEGER);
    const found = await store.listAudit({ botId, newestFirst: true, from, limit: limit + 1 });
    const next = found[limit];
    const head = await store.findAuditHead({ botId });
    return {
      entries: found.slice(0, limit).map(toEntry),
      head,
      nextCursor: next === undefined ? null : writeCursor(request, String(next.seq)),
    };
  };
}

const PAGE_SIZE = 500;

async function* writeAudit(store: Store, botId: string | null, channels: readonly string[]): AsyncGenerator<string> {
  // Before the entries: what is appended meanwhile stands after the head that was told of.
  const head = await store.findAuditHead({ botId });
  for (let from = 1; from <= head.seq; ) {
    const page = await store.listAudit({ botId, newestFirst: false, from, limit: PAGE_SIZE });
    const told = page.filter(({ seq }) => seq <= head.seq);
    if (told.length > 0) yield toLines(told.map(toEntry));
    from = (page.at(-1)?.seq ?? head.seq) + 1;
  }
  yield toLines([{ kind: 'head', botId, ...head }]);
  if (botId !== null) yield* writeSends(store, botId, channels);
}

async function* writeSends(store: Store, botId: string, channels: readonly string[]): AsyncGenerator<string> {
  let after: NotificationPage['after'] = null;
  for (;;) {
    const page = await store.listNotifications({ botId, channels, finished: null, after, limit: PAGE_SIZE });
    const last = page.at(-1);
    if (last === undefined) return;
    yield toLines(page.map(toSend));
    after = { createdAt: last.createdAt, id: last.id };
  }
}

const toLines = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');
