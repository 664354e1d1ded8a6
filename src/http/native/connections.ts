import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type Channel, type ChannelTools, callbackUrl } from '../../channels/contract.ts';
import type { JsonObject } from '../../model/json.ts';
import { findJsonFault } from '../../model/json-guard.ts';
import { identityKey } from '../../model/person.ts';
import { type Connection, SCOPE_SEND } from '../../model/tenancy.ts';
import type { Silence } from '../../store/port/directory.ts';
import { callerOf } from '../auth/gate.ts';
import { auditOf } from '../contract/audit-of.ts';
import { cutPage, readCursor } from '../contract/cursor.ts';
import {
  BOT_ID,
  CONNECTION_ID,
  COUNT,
  closed,
  DEFAULT_LIMIT,
  NEXT_CURSOR,
  NOTHING,
  nullable,
  OF_BOT,
  oneOf,
  PAGE,
  TIME,
} from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';

export interface ConnectionRoutesOptions extends NativeContext {
  readonly channels: readonly Pick<Channel, 'id' | 'openInbox'>[];
  readonly tools: Pick<ChannelTools, 'publicUrl'>;
  /** What this process does on a connection just now; null: nothing yet. */
  readonly describeConnection: (connectionId: string) => JsonObject | null;
}

const NUMBER = Type.Number({ minimum: 0 });

const CONNECTION_LIST = Type.Object({
  connections: Type.Array(
    Type.Object({
      id: Type.String({ description: 'dc-…' }),
      channel: Type.String(),
      name: nullable(Type.String()),
      callbacks: nullable(
        Type.Object({ events: nullable(Type.String()), receipts: nullable(Type.String()) }),
        'What to enter at the provider, so that it tells what became of messages; null: the channel hears nothing.',
      ),
      now: nullable(
        Type.Object({
          rate: Type.Object({
            documented: nullable(NUMBER),
            allowed: nullable(NUMBER),
            now: nullable(NUMBER),
            share: NUMBER,
          }),
          pausedMs: NUMBER,
          heldMs: NUMBER,
          why: nullable(Type.String()),
          waiting: COUNT,
          inFlight: COUNT,
          lookUps: Type.Object({ waiting: COUNT, why: nullable(Type.String()) }),
        }),
        'What the server that was asked does on it just now; null: nothing yet.',
      ),
    }),
  ),
});

export const SUPPRESSION = Type.Object(
  {
    identity: Type.String(),
    reason: oneOf(['opted_out', 'address_dead']),
    detail: nullable(Type.String()),
    since: TIME,
  },
  { $id: 'Suppression', description: 'An identity that is not written to.' },
);

const SUPPRESSION_PAGE = Type.Object({ suppressions: Type.Array(Type.Ref('Suppression#')), nextCursor: NEXT_CURSOR });

/** A bot's connections, and who must not be written to over each. A Fastify plugin, under the native prefix. */
export async function connectionRoutes(app: FastifyInstance, options: ConnectionRoutesOptions): Promise<void> {
  const { gate } = options;
  const suppressions = '/bots/:botId/connections/:connectionId/suppressions';
  const lift = { url: `${suppressions}/:identity`, operation: LIFT, handler: createSuppressionLift(options) };
  const list = { url: suppressions, operation: LIST_SUPPRESSIONS, handler: createSuppressionList(options) };
  const connections = { url: '/bots/:botId/connections', operation: LIST, handler: createConnectionList(options) };
  addOperation(app, gate, { method: 'GET', ...connections });
  addOperation(app, gate, { method: 'GET', ...list });
  addOperation(app, gate, { method: 'DELETE', ...lift });
}

const LIST: Operation = {
  id: 'listConnections',
  tag: 'connections',
  summary: 'How a bot reaches its channels',
  description: 'Where providers call back, how fast each connection sends at present, and why not faster.',
  scope: SCOPE_SEND,
  params: OF_BOT,
  query: NOTHING,
  replies: { 200: { description: 'All connections of the bot.', content: { 'application/json': CONNECTION_LIST } } },
  faults: ['body_invalid'],
};

function createConnectionList({ tenancy, channels, tools, describeConnection }: ConnectionRoutesOptions) {
  return async function listConnections(request: FastifyRequest): Promise<object> {
    const connections = tenancy.connections(callerOf(request).bot.id).map(({ id, channel, name }) => {
      const hears = channels.some((entry) => entry.id === channel && entry.openInbox !== undefined);
      // What to enter at the provider, so that it tells us what became of messages.
      const callbacks = hears
        ? { events: callbackUrl(tools, id, 'events'), receipts: callbackUrl(tools, id, 'receipts') }
        : null;
      return { id, channel, name, callbacks, now: describeConnection(id) };
    });
    return { connections };
  };
}

const OF_CONNECTION = closed({ botId: BOT_ID, connectionId: CONNECTION_ID });

interface OfConnection {
  readonly Params: Static<typeof OF_CONNECTION>;
}

const LIST_SUPPRESSIONS: Operation = {
  id: 'listSuppressions',
  tag: 'connections',
  summary: 'Who must not be written to over a connection',
  description: 'Identities that opted out or whose address is dead.',
  scope: SCOPE_SEND,
  params: OF_CONNECTION,
  query: PAGE,
  replies: { 200: { description: 'A page of identities.', content: { 'application/json': SUPPRESSION_PAGE } } },
  faults: ['body_invalid', 'connection_unknown'],
};

function createSuppressionList({ store, tenancy }: ConnectionRoutesOptions) {
  return async function listSuppressions(
    request: FastifyRequest<OfConnection & { Querystring: Static<typeof PAGE> }>,
  ): Promise<Static<typeof SUPPRESSION_PAGE>> {
    const { limit = DEFAULT_LIMIT } = request.query;
    const { id: connectionId, botId } = findConnection(request, tenancy);
    const afterIdentity = readCursor(request) ?? '';
    const found = await store.listSilences({ botId, connectionId, afterIdentity, limit: limit + 1 });
    const { page, nextCursor } = cutPage(request, { found, limit }, ({ identity }) => identity);
    return { suppressions: page.map(toDocument), nextCursor };
  };
}

const OF_SUPPRESSION = closed({
  botId: BOT_ID,
  connectionId: CONNECTION_ID,
  identity: Type.String({ description: 'As listed.', examples: ['john@abc.com'] }),
});

const LIFT: Operation = {
  id: 'liftSuppression',
  tag: 'connections',
  summary: 'Let an identity be written to again',
  description: 'From now on; whoever opts out later is left alone again.',
  scope: SCOPE_SEND,
  params: OF_SUPPRESSION,
  query: NOTHING,
  replies: { 204: { description: 'It is written to again.' } },
  faults: [...OF_BODIES, 'connection_unknown', 'suppression_unknown'],
};

function createSuppressionLift({ store, tenancy, clock }: ConnectionRoutesOptions) {
  return async function liftSuppression(
    request: FastifyRequest<{ Params: Static<typeof OF_SUPPRESSION> }>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { id: connectionId, botId } = findConnection(request, tenancy);
    const identity = identityKey(request.params.identity);
    // Nobody has such a name, and databases refuse to look for it.
    if (findJsonFault(identity) !== null) throw new Fault('suppression_unknown');
    const audit = auditOf(request, clock);
    const lifted = await store.liftSilence({ botId, connectionId, identity, at: clock.now(), audit });
    if (!lifted) throw new Fault('suppression_unknown');
    return reply.code(204).send();
  };
}

function findConnection(request: FastifyRequest<OfConnection>, tenancy: NativeContext['tenancy']): Connection {
  const connection = tenancy.connectionById(request.params.connectionId);
  // Another bot's connection is as unknown as one that does not exist.
  if (connection === null || connection.botId !== callerOf(request).bot.id) throw new Fault('connection_unknown');
  return connection;
}

const toDocument = ({ identity, reason, detail, at }: Silence): Static<typeof SUPPRESSION> => ({
  identity,
  reason,
  detail,
  since: new Date(at).toISOString(),
});
