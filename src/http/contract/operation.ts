import type {} from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { Role } from '../../model/operator.ts';
import { SCOPE_ADMIN } from '../../model/tenancy.ts';
import { FAULTS, type FaultName } from '../faults.ts';
import { oneOf } from './fields.ts';

export const TAGS = {
  notifications: 'What is sent, and what becomes of it.',
  templates: 'What is said again and again: named, versioned, in several languages.',
  people: 'The directory of a bot: who is reached where.',
  connections: 'How a bot reaches its channels, and who must not be written to.',
  kore: "Kore.ai's Proactive Notifications API, v1 and v2, as its callers know it.",
  callbacks: 'Where providers tell what became of messages. Each is checked by its provider’s own signature.',
  admin: 'Who may do what, for apps of kind admin.',
  session: 'Who is signed in to the console. Whatever the console does is done with the operations of this document.',
  server: 'The server itself.',
} as const;

/** One operation of the API: what validates it and what describes it are the same. */
export interface Operation {
  readonly id: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description: string;
  /** What the calling app must have; null: no app is asked for. */
  readonly scope: string | null;
  /** It is about the session of whoever is signed in, and no app has one. */
  readonly isOfSession?: true;
  /** A POST that only asks. Whatever else is no GET hands `auditOf` its request to the store, which keeps one entry. */
  readonly changes?: false;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly headers?: TSchema;
  readonly body?: {
    readonly types: readonly string[];
    readonly schema: TSchema;
    /** It is read as it comes, and judged line by line. */
    readonly isStream?: true;
  };
  /** `default` is whatever has no status of its own: only for what has no 2xx, because it always leads elsewhere. */
  readonly replies: Readonly<Record<number, ReplyDescription>> & { readonly default?: ReplyDescription };
  /** How it may refuse, besides what `scope` and the server itself bring with them. */
  readonly faults: readonly FaultName[];
}

export interface ReplyDescription {
  readonly description: string;
  /** By media type; absent: no body. */
  readonly content?: Readonly<Record<string, TSchema>>;
  readonly headers?: Readonly<Record<string, TSchema>>;
}

/** As the routes of the framework and the generator of the document take it. */
export function toRouteSchema(operation: Operation, method: string): FastifySchema {
  const { id, tag, summary, description, changes, params, query, headers, body } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    ...describeAccess(operation, method),
    ...(changes === false && { 'x-changes': false }),
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(headers && { headers }),
    ...(body && { body: body.schema, consumes: [...body.types] }),
    response: mergeReplies(describeFaults(operation), describeReplies(operation.replies)),
  };
}

/** Scope and role stand beside: only OAuth and OpenID have a place for them in a document. */
function describeAccess(operation: Operation, method: string): object {
  const { scope, isOfSession } = operation;
  if (isOfSession) return { security: [{ session: [] }] };
  if (scope === null) return { security: [] };
  const security = [...TOKENS, { session: [] }];
  return { security, 'x-scope': scope, 'x-role': leastRole(operation, method) };
}

const TOKENS = [{ auth: [] }, { bearer: [] }] as const;

/** Of what only apps may call. */
export const describeAppAccess = (scope: string): object => ({ security: TOKENS, 'x-scope': scope });

/** Whoever may sign in may look, and what only asks is a look too. */
export function leastRole({ scope, changes }: Pick<Operation, 'scope' | 'changes'>, method: string): Role {
  if (scope === SCOPE_ADMIN) return 'admin';
  return method === 'GET' || changes === false ? 'viewer' : 'sender';
}

type Described = Record<string, { readonly content?: object }>;

/** A status may be answered in the words of the operation and as a problem. */
function mergeReplies(faults: Described, replies: Described): Described {
  const merged = Object.entries(replies).map(([status, reply]) => {
    const content = { ...faults[status]?.content, ...reply.content };
    return [status, Object.keys(content).length === 0 ? reply : { ...reply, content }];
  });
  return { ...faults, ...Object.fromEntries(merged) };
}

export const EVERYWHERE = ['request_malformed', 'store_unavailable'] as const satisfies FaultName[];
export const OF_TOKENS = [
  'token_missing',
  'tokens_limited',
  'scope_missing',
  'bot_unknown',
] as const satisfies FaultName[];
const OF_SESSIONS = ['role_missing', 'cross_origin'] as const satisfies FaultName[];
/** Of whatever may have a body. */
export const OF_BODIES = [
  'body_invalid',
  'body_too_large',
  'body_too_slow',
  'media_type',
] as const satisfies FaultName[];

/** What a 204 and a stream have no JSON for is described without a schema. */
export function describeReplies(replies: Operation['replies']): Described {
  const described = Object.entries(replies).map(([status, { description, content, headers }]) => [
    status,
    {
      description,
      ...(headers && { headers }),
      ...(content
        ? { content: Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }])) }
        : { type: 'null' }),
    },
  ]);
  return Object.fromEntries(described);
}

function describeFaults({ faults, scope }: Operation): Described {
  const names = [...EVERYWHERE, ...(scope === null ? [] : [...OF_TOKENS, ...OF_SESSIONS]), ...faults];
  const byStatus = Map.groupBy(new Set(names), (name) => FAULTS[name].native.status);
  const described = [...byStatus].map(([status, group]) => [
    status,
    {
      description: [...new Set(group.map((name) => `${FAULTS[name].native.code}: ${FAULTS[name].native.title}.`))].join(
        ' ',
      ),
      ...(group.some((name) => COMES_AGAIN.has(name)) && { headers: { 'Retry-After': RETRY_AFTER } }),
      content: { 'application/problem+json': { schema: Type.Ref('Problem#') } },
    },
  ]);
  return Object.fromEntries(described);
}

const COMES_AGAIN: ReadonlySet<FaultName> = new Set<FaultName>([
  'overloaded',
  'store_unavailable',
  'bot_backlog_full',
  'backlog_full',
  'callbacks_busy',
  'imports_busy',
  'retry_running',
  'streams_busy',
  'checks_busy',
  'audiences_open',
  'audience_collecting',
  'draining',
  'sign_ins_limited',
  'tokens_limited',
]);
const RETRY_AFTER = Type.String({ description: 'Seconds after which to try again.' });

/** RFC 9457, with what a program needs to act on it. */
export const PROBLEM = Type.Object(
  {
    type: Type.String({ description: 'A URN that ends in the code.', format: 'uri' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    code: oneOf([...new Set(Object.values(FAULTS).map(({ native }) => native.code))], {
      description: 'Stable: branch on it, never on the words.',
    }),
    detail: Type.Optional(Type.String({ description: 'What is wrong with this request, and how to mend it.' })),
    pointer: Type.Optional(
      Type.String({ description: 'The place in the body that is meant (RFC 6901).', format: 'json-pointer' }),
    ),
    docs: Type.String({ description: 'Where the code is explained.', format: 'uri-reference' }),
  },
  {
    $id: 'Problem',
    description: 'Why a request was refused (RFC 9457).',
    examples: [
      {
        type: 'urn:beckon:problem:body_invalid',
        title: 'The request does not fit the schema',
        status: 400,
        code: 'body_invalid',
        detail: '/channel: "msteems" is unknown; use one of msteams, slack',
        pointer: '/channel',
        docs: '/docs/problems/body_invalid',
      },
    ],
  },
);
