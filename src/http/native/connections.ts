import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Channel, type ChannelTools, callbackUrl } from '../../channels/contract.ts';
import type { JsonObject } from '../../model/json.ts';
import { findJsonFault } from '../../model/json-guard.ts';
import { identityKey } from '../../model/person.ts';
import { type Connection, SCOPE_SEND } from '../../model/tenancy.ts';
import type { Silence } from '../../store/port.ts';
import { callerOf } from '../auth/gate.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import { readLimit, readQuery } from './query.ts';

export interface ConnectionRoutesOptions extends NativeContext {
  readonly channels: readonly Pick<Channel, 'id' | 'openInbox'>[];
  readonly tools: Pick<ChannelTools, 'publicUrl'>;
  /** What this process does on a connection just now; null: nothing yet. */
  readonly describeConnection: (connectionId: string) => JsonObject | null;
}

/** A bot's connections, and who must not be written to over each. A Fastify plugin, under the native prefix. */
export async function connectionRoutes(app: FastifyInstance, options: ConnectionRoutesOptions): Promise<void> {
  const admitted = { onRequest: options.gate.requireScope(SCOPE_SEND), exposeHeadRoute: false };
  const suppressions = '/bots/:botId/connections/:connectionId/suppressions';
  app.get('/bots/:botId/connections', admitted, createConnectionList(options));
  app.get(suppressions, admitted, createSuppressionList(options));
  app.delete(`${suppressions}/:identity`, admitted, createSuppressionLift(options));
}

function createConnectionList({ tenancy, channels, tools, describeConnection }: ConnectionRoutesOptions) {
  return async function listConnections(request: FastifyRequest): Promise<object> {
    readQuery(request, []);
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

/** Identities that opted out or whose address is dead: a page of `?limit` after `?cursor`. */
function createSuppressionList({ store, tenancy }: ConnectionRoutesOptions) {
  return async function listSuppressions(request: FastifyRequest): Promise<object> {
    const { limit: given, cursor = '' } = readQuery(request, ['limit', 'cursor']);
    const limit = readLimit(given);
    const { id: connectionId, botId } = findConnection(request, tenancy);
    const page = { botId, connectionId, afterIdentity: cursor, limit: limit + 1 };
    const silences = await store.listSilences(page);
    const suppressions = silences.slice(0, limit).map(toDocument);
    return { suppressions, nextCursor: silences.length > limit ? (suppressions.at(-1)?.['identity'] ?? null) : null };
  };
}

/** From now on the identity is written to again. */
function createSuppressionLift({ store, tenancy, clock }: ConnectionRoutesOptions) {
  return async function liftSuppression(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    readQuery(request, []);
    const { id: connectionId, botId } = findConnection(request, tenancy);
    const identity = identityKey(paramOf(request, 'identity'));
    // Nobody has such a name, and databases refuse to look for it.
    if (findJsonFault(identity) !== null) throw new Fault('suppression_unknown');
    const lifted = await store.liftSilence({ botId, connectionId, identity, at: clock.now() });
    if (!lifted) throw new Fault('suppression_unknown');
    return reply.code(204).send();
  };
}

function findConnection(request: FastifyRequest, tenancy: NativeContext['tenancy']): Connection {
  const connection = tenancy.connectionById(paramOf(request, 'connectionId'));
  // Another bot's connection is as unknown as one that does not exist.
  if (connection === null || connection.botId !== callerOf(request).bot.id) throw new Fault('connection_unknown');
  return connection;
}

function paramOf({ params }: FastifyRequest, name: string): string {
  const value: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, name) : null;
  return typeof value === 'string' ? value : '';
}

const toDocument = ({ identity, reason, detail, at }: Silence): JsonObject => ({
  identity,
  reason,
  detail,
  since: new Date(at).toISOString(),
});
