import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { derivedId } from '../../model/ids.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { FoundTemplate, TemplateSummary } from '../../store/port/templates.ts';
import type { Store } from '../../store/port.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { auditOf } from '../contract/audit-of.ts';
import { cutPage, readCursor } from '../contract/cursor.ts';
import { closed, DEFAULT_LIMIT, NOTHING, OF_BOT, PAGE } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import { requireJsonBody } from '../media-type.ts';
import type { NativeContext } from './context.ts';
import { readJsonBodies } from './json-bodies.ts';
import { toIso } from './notification-documents.ts';
import { readTemplate } from './read-template.ts';
import {
  MAX_TEMPLATE_BYTES,
  OF_TEMPLATE,
  TEMPLATE,
  TEMPLATE_BODY,
  TEMPLATE_PAGE,
  type TEMPLATE_SUMMARY,
  TEMPLATE_VERSION,
  type TemplateBody,
} from './template-body.ts';

export interface TemplateRoutesOptions extends Pick<NativeContext, 'store' | 'clock' | 'gate'> {
  readonly catalog: ChannelCatalog;
}

/** What is said again and again. A Fastify plugin, under the native prefix. */
export async function templateRoutes(app: FastifyInstance, options: TemplateRoutesOptions): Promise<void> {
  const { gate } = options;
  readJsonBodies(app);
  const all = '/bots/:botId/templates';
  const url = `${all}/:template`;
  const onRequest = [requireJsonBody];
  addOperation<OfTemplate & { Body: TemplateBody; Headers: Static<typeof CONDITIONS> }>(app, gate, {
    method: 'PUT',
    url,
    operation: PUT,
    onRequest,
    handler: createPut(options),
  });
  addOperation(app, gate, { method: 'GET', url: all, operation: LIST, handler: createList(options) });
  addOperation(app, gate, { method: 'GET', url, operation: SHOW, handler: createShow(options) });
  const versions = { url: `${url}/versions`, operation: LIST_VERSIONS, handler: createVersionList(options) };
  addOperation(app, gate, { method: 'GET', ...versions });
  addOperation(app, gate, { method: 'DELETE', url, operation: ARCHIVE, handler: createArchive(options) });
}

interface OfTemplate {
  readonly Params: Static<typeof OF_TEMPLATE>;
}

const CONDITIONS = Type.Object({
  'if-match': Type.Optional(
    Type.String({ pattern: '^"[1-9][0-9]{0,8}"$', description: '"3": only if 3 is the newest version.' }),
  ),
  'if-none-match': Type.Optional(Type.String({ pattern: '^\\*$', description: '*: only if there is none yet.' })),
});

const ETAG = Type.String({ description: 'The version, in quotes.' });

const PUT: Operation = {
  id: 'putTemplate',
  tag: 'templates',
  summary: 'Make a template, or its next version',
  description:
    'What says the same as the newest version makes none, so a repetition does no harm. Notifications go on with the version they were made of.',
  scope: SCOPE_SEND,
  params: OF_TEMPLATE,
  query: NOTHING,
  headers: CONDITIONS,
  body: { types: ['application/json'], schema: TEMPLATE_BODY },
  replies: {
    200: {
      description: 'The newest version says just that.',
      content: { 'application/json': TEMPLATE },
      headers: { ETag: ETAG },
    },
    201: { description: 'A new version.', content: { 'application/json': TEMPLATE }, headers: { ETag: ETAG } },
  },
  faults: [...OF_BODIES, 'precondition_failed', 'store_full'],
};

function createPut({ store, clock, catalog }: TemplateRoutesOptions) {
  return async function putTemplate(
    request: FastifyRequest<OfTemplate & { Body: TemplateBody; Headers: Static<typeof CONDITIONS> }>,
    reply: FastifyReply,
  ): Promise<Static<typeof TEMPLATE>> {
    const definition = JSON.stringify(request.body);
    const bytes = Buffer.byteLength(definition);
    if (bytes > MAX_TEMPLATE_BYTES) {
      throw new Fault(
        'body_too_large',
        `a template has at most ${MAX_TEMPLATE_BYTES} bytes as JSON, this one ${bytes}`,
      );
    }
    readTemplate(request.body, catalog);
    const key = keyOf(request);
    const { bot, subject } = callerOf(request);
    const createdBy = derivedId('u', bot.id, subject);
    const expected = expectedVersion(request.headers);
    const put = { ...key, definition, createdBy, at: clock.now(), expected, audit: auditOf(request, clock) };
    const { kind, version } = await store.putTemplate(put);
    if (kind === 'conflict') {
      const what = version === 0 ? 'there is none' : `its newest version is ${version}`;
      throw new Fault('precondition_failed', what, version === 0 ? {} : { etag: tagOf(version) });
    }
    reply.code(kind === 'new' ? 201 : 200).header('etag', tagOf(version));
    return toDocument(await requireTemplate(store, { ...key, version }));
  };
}

function expectedVersion(headers: Static<typeof CONDITIONS>): number | null {
  const { 'if-match': version, 'if-none-match': none } = headers;
  if (version !== undefined && none !== undefined) {
    throw new Fault('body_invalid', 'if-match and if-none-match contradict each other: leave out one of them');
  }
  if (none !== undefined) return 0;
  return version === undefined ? null : Number(version.slice(1, -1));
}

const tagOf = (version: number): string => `"${version}"`;

const LIST: Operation = {
  id: 'listTemplates',
  tag: 'templates',
  summary: 'The templates of a bot',
  description: 'The newest version of each that is not archived, by name.',
  scope: SCOPE_SEND,
  params: OF_BOT,
  query: PAGE,
  replies: { 200: { description: 'A page of templates.', content: { 'application/json': TEMPLATE_PAGE } } },
  faults: ['body_invalid'],
};

function createList({ store }: TemplateRoutesOptions) {
  return async function listTemplates(
    request: FastifyRequest<{ Querystring: Static<typeof PAGE> }>,
  ): Promise<Static<typeof TEMPLATE_PAGE>> {
    const { limit = DEFAULT_LIMIT } = request.query;
    const botId = callerOf(request).bot.id;
    const found = await store.listTemplates({ botId, afterName: readCursor(request) ?? '', limit: limit + 1 });
    const { page, nextCursor } = cutPage(request, { found, limit }, ({ name }) => name);
    return { templates: page.map(toSummary), nextCursor };
  };
}

const WHICH = closed({ version: Type.Optional(TEMPLATE_VERSION) });

const SHOW: Operation = {
  id: 'getTemplate',
  tag: 'templates',
  summary: 'One template',
  description: 'What is archived is shown too.',
  scope: SCOPE_SEND,
  params: OF_TEMPLATE,
  query: WHICH,
  replies: {
    200: { description: 'The template.', content: { 'application/json': TEMPLATE }, headers: { ETag: ETAG } },
  },
  faults: ['body_invalid', 'template_unknown'],
};

function createShow({ store }: TemplateRoutesOptions) {
  return async function showTemplate(
    request: FastifyRequest<OfTemplate & { Querystring: Static<typeof WHICH> }>,
    reply: FastifyReply,
  ): Promise<Static<typeof TEMPLATE>> {
    const found = await requireTemplate(store, { ...keyOf(request), version: request.query.version ?? null });
    reply.header('etag', tagOf(found.version));
    return toDocument(found);
  };
}

const LIST_VERSIONS: Operation = {
  id: 'listTemplateVersions',
  tag: 'templates',
  summary: 'The versions of a template',
  description: 'Newest first.',
  scope: SCOPE_SEND,
  params: OF_TEMPLATE,
  query: PAGE,
  replies: { 200: { description: 'A page of versions.', content: { 'application/json': TEMPLATE_PAGE } } },
  faults: ['body_invalid', 'template_unknown'],
};

function createVersionList({ store }: TemplateRoutesOptions) {
  return async function listTemplateVersions(
    request: FastifyRequest<OfTemplate & { Querystring: Static<typeof PAGE> }>,
  ): Promise<Static<typeof TEMPLATE_PAGE>> {
    const { limit = DEFAULT_LIMIT } = request.query;
    const place = readCursor(request, /^[1-9][0-9]{0,8}$/);
    const before = Number(place ?? Number.MAX_SAFE_INTEGER);
    const found = await store.listTemplateVersions({ ...keyOf(request), before, limit: limit + 1 });
    if (found.length === 0 && place === null) throw new Fault('template_unknown');
    const { page, nextCursor } = cutPage(request, { found, limit }, ({ version }) => String(version));
    return { templates: page.map(toSummary), nextCursor };
  };
}

const ARCHIVE: Operation = {
  id: 'archiveTemplate',
  tag: 'templates',
  summary: 'Take a template out of use',
  description: 'It can be sent no more; what was accepted is sent. Put again, it is back with all its versions.',
  scope: SCOPE_SEND,
  params: OF_TEMPLATE,
  query: NOTHING,
  replies: { 204: { description: 'It is archived.' } },
  faults: [...OF_BODIES, 'template_unknown'],
};

function createArchive({ store, clock }: TemplateRoutesOptions) {
  return async function archiveTemplate(
    request: FastifyRequest<OfTemplate>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const audit = auditOf(request, clock);
    if (!(await store.archiveTemplate({ ...keyOf(request), at: clock.now(), audit })))
      throw new Fault('template_unknown');
    return reply.code(204).send();
  };
}

const keyOf = (request: FastifyRequest<OfTemplate>): { readonly botId: string; readonly name: string } => ({
  botId: callerOf(request).bot.id,
  name: request.params.template,
});

async function requireTemplate(store: Store, key: Parameters<Store['findTemplate']>[0]): Promise<FoundTemplate> {
  const found = await store.findTemplate(key);
  if (found === null) throw new Fault('template_unknown');
  return found;
}

const toSummary = ({ name, version, createdAt, createdBy }: TemplateSummary): Static<typeof TEMPLATE_SUMMARY> => ({
  name,
  version,
  createdAt: toIso(createdAt),
  createdBy,
});

/** A definition is what was put, word for word. */
function toDocument(found: FoundTemplate): Static<typeof TEMPLATE> {
  const { latest, archivedAt, definition } = found;
  const body: TemplateBody = JSON.parse(definition);
  return { ...toSummary(found), latest, archivedAt: archivedAt === null ? null : toIso(archivedAt), ...body };
}
