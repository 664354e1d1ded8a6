import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import type { Channel, ChannelTools } from '../../../channels/contract.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import { type Connection, SCOPE_ADMIN, type Tenancy } from '../../../model/tenancy.ts';
import { Refused } from '../../../tenancy/refused.ts';
import { auditOf } from '../../contract/audit-of.ts';
import { BOT_ID, CONNECTION_ID, closed, NOTHING } from '../../contract/fields.ts';
import { OF_BODIES, type Operation } from '../../contract/operation.ts';
import { addOperation } from '../../contract/route.ts';
import { Fault } from '../../faults.ts';
import { requireJsonBody } from '../../media-type.ts';
import { readJsonBodies } from '../json-bodies.ts';
import type { AdminOptions } from './bots.ts';
import { CHECK, CONNECTION_BODY, CONNECTIONS, MANAGED_CONNECTION } from './documents.ts';

export interface AdminConnectionOptions extends AdminOptions {
  readonly tenancy: Tenancy;
  readonly channels: readonly Pick<Channel, 'id' | 'open'>[];
  readonly tools: ChannelTools;
}

const OF_CONNECTION = closed({ connectionId: CONNECTION_ID });
const QUERY = closed({ botId: BOT_ID });

interface OfConnection {
  readonly Params: Static<typeof OF_CONNECTION>;
}

/** How bots reach their channels. A Fastify plugin, under the native prefix. */
export async function adminConnectionRoutes(app: FastifyInstance, options: AdminConnectionOptions): Promise<void> {
  const { gate, clock, registry } = options;
  readJsonBodies(app);
  const all = '/admin/connections';
  const url = `${all}/:connectionId`;
  addOperation<{ Querystring: Static<typeof QUERY> }>(app, gate, {
    method: 'GET',
    url: all,
    operation: LIST_CONNECTIONS,
    handler: async ({ query }) => ({ connections: registry.connections(query.botId) }),
  });
  addOperation<OfConnection>(app, gate, {
    method: 'GET',
    url,
    operation: SHOW_CONNECTION,
    handler: async ({ params }) => registry.connection(params.connectionId),
  });
  addOperation<{ Body: Static<typeof CONNECTION_BODY> }>(app, gate, {
    method: 'PUT',
    url: all,
    operation: SAVE_CONNECTION,
    onRequest: [requireJsonBody],
    handler: async (request, reply) => {
      const { botId } = request.body;
      const audit = (target: string) => ({ ...auditOf(request, clock), botId, target });
      const { isNew, connection } = await registry.saveConnection(flatten(request.body), audit).catch(inSettings);
      return reply.code(isNew ? 201 : 200).send(connection);
    },
  });
  addOperation<OfConnection>(app, gate, {
    method: 'DELETE',
    url,
    operation: DELETE_CONNECTION,
    handler: async (request, reply) => {
      const audit = (botId: string) => ({ ...auditOf(request, clock), botId });
      await registry.removeConnection(request.params.connectionId, audit);
      return reply.code(204).send();
    },
  });
  addOperation<OfConnection>(app, gate, {
    method: 'POST',
    url: `${url}/check`,
    operation: CHECK_CONNECTION,
    handler: createCheck(options),
  });
}

const COMMON = ['botId', 'channel', 'name', 'limits', 'allowPrivateNetwork', 'afterUnknown'];

/** As the configuration file has it: settings beside what all connections have; null says nothing. */
function flatten({ settings, limits = {}, ...common }: Static<typeof CONNECTION_BODY>): JsonObject {
  const given = settings as JsonObject;
  const ofChannel = Object.entries(given).filter(([key]) => !COMMON.includes(key));
  const [hidden] = Object.keys(given).filter((key) => COMMON.includes(key));
  if (hidden !== undefined)
    throw new Fault('body_invalid', `/settings/${hidden}: stands beside settings`, {}, `/settings/${hidden}`);
  const said = (entries: readonly (readonly [string, Json])[]) => entries.filter(([, value]) => value !== null);
  return Object.fromEntries([
    ...ofChannel,
    ...said(Object.entries(common)),
    ['limits', Object.fromEntries(said(Object.entries(limits)))],
  ]);
}

/** What the check of the file calls by its key stands under `settings` here. */
function inSettings(error: unknown): never {
  const { pointer = null, message = '' } = error instanceof Refused ? error : {};
  if (pointer === null || !(error instanceof Refused) || COMMON.includes(pointer.split('/')[1] ?? '')) throw error;
  throw new Refused(error.kind, `/settings${message}`, `/settings${pointer}`);
}

/** At the same time, so that nobody uses the server to knock at a provider's door. */
const MAX_CHECKS = 4;
const CHECK_MS = 15_000;

function createCheck({ tenancy, channels, tools }: AdminConnectionOptions) {
  let running = 0;
  return async function checkConnection({ params }: { params: Static<typeof OF_CONNECTION> }): Promise<object> {
    const connection = tenancy.connectionById(params.connectionId);
    const channel = channels.find(({ id }) => id === connection?.channel);
    if (connection === null || channel === undefined) throw new Fault('connection_unknown');
    if (running >= MAX_CHECKS) throw new Fault('checks_busy', null, { 'retry-after': '5' });
    running += 1;
    return check(channel, connection, tools).finally(() => {
      running -= 1;
    });
  };
}

async function check(channel: Pick<Channel, 'open'>, connection: Connection, tools: ChannelTools): Promise<object> {
  try {
    const session = channel.open(connection, tools);
    const { ok, detail } = await session.check(AbortSignal.timeout(CHECK_MS)).finally(() => session.close());
    return { ok, detail };
  } catch (error) {
    return { ok: false, detail: `the channel broke off: ${error instanceof Error ? error.name : 'unknown error'}` };
  }
}

const CONNECTION_REPLY = { 'application/json': MANAGED_CONNECTION };

const LIST_CONNECTIONS: Operation = {
  id: 'listManagedConnections',
  tag: 'admin',
  summary: 'The connections of a bot, as they are configured',
  description: 'Those of the configuration file and those made here.',
  scope: SCOPE_ADMIN,
  query: QUERY,
  replies: { 200: { description: 'All of them.', content: { 'application/json': CONNECTIONS } } },
  faults: ['body_invalid'],
};

const SHOW_CONNECTION: Operation = {
  id: 'getConnection',
  tag: 'admin',
  summary: 'One connection',
  description: 'As it is configured. No secret is ever shown.',
  scope: SCOPE_ADMIN,
  params: OF_CONNECTION,
  query: NOTHING,
  replies: { 200: { description: 'The connection.', content: CONNECTION_REPLY } },
  faults: ['body_invalid', 'connection_unknown'],
};

const SAVE_CONNECTION: Operation = {
  id: 'saveConnection',
  tag: 'admin',
  summary: 'Make a connection, or change it',
  description:
    'Bot, channel and name say which one it is. It is judged as in the configuration file, its settings are kept sealed, and every server sends by them within a second or two.',
  scope: SCOPE_ADMIN,
  query: NOTHING,
  body: { types: ['application/json'], schema: CONNECTION_BODY },
  replies: {
    200: { description: 'It is changed.', content: CONNECTION_REPLY },
    201: { description: 'It is made.', content: CONNECTION_REPLY },
  },
  faults: [...OF_BODIES, 'declared_in_file', 'secret_key_missing'],
};

const DELETE_CONNECTION: Operation = {
  id: 'deleteConnection',
  tag: 'admin',
  summary: 'Take a connection away',
  description: 'Whoever still waits to be sent something over it is told that it failed.',
  scope: SCOPE_ADMIN,
  params: OF_CONNECTION,
  query: NOTHING,
  replies: { 204: { description: 'It is gone.' } },
  faults: [...OF_BODIES, 'declared_in_file', 'connection_unknown'],
};

const CHECK_CONNECTION: Operation = {
  id: 'checkConnection',
  tag: 'admin',
  summary: 'Ask the provider whether the credentials are good',
  description: 'Now, by a call that sends nothing to anyone.',
  scope: SCOPE_ADMIN,
  changes: false,
  params: OF_CONNECTION,
  query: NOTHING,
  replies: { 200: { description: 'What it said.', content: { 'application/json': CHECK } } },
  faults: [...OF_BODIES, 'connection_unknown', 'checks_busy'],
};
