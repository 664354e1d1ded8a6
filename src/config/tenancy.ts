import type { Retention } from '../model/retention.ts';
import type { App, Bot, CallLimits, Connection, Tenancy } from '../model/tenancy.ts';

export interface TenancyParts {
  readonly bots: readonly Bot[];
  readonly apps: readonly App[];
  /** In the file's order, which decides what "the first connection of a channel" is. */
  readonly connections: readonly Connection[];
  readonly callLimits: CallLimits;
  /** Of all bots; absent: everything is kept. */
  readonly retention?: Retention;
}

/** Look-ups over what was declared; nothing in it changes later. */
export function createTenancy({ bots, apps, connections, callLimits, retention }: TenancyParts): Tenancy {
  const appsById = new Map(apps.map((app) => [app.clientId, app]));
  const botsById = new Map(bots.map((bot) => [bot.id, bot]));
  const connectionsById = new Map(connections.map((connection) => [connection.id, connection]));
  const connectionsByBot = Map.groupBy(connections, (connection) => connection.botId);
  const connectionsOf = (botId: string) => connectionsByBot.get(botId) ?? [];

  return {
    callLimits,
    retention: (botId) => ({ ...retention, ...botsById.get(botId)?.retention }),
    app: (clientId) => appsById.get(clientId) ?? null,
    bot: (botId) => botsById.get(botId) ?? null,
    bots: () => bots,
    connections: connectionsOf,
    connection(botId, channel, name) {
      const ofChannel = connectionsOf(botId).filter((connection) => connection.channel === channel);
      return ofChannel.find((connection) => name === null || connection.name === name) ?? null;
    },
    connectionById: (connectionId) => connectionsById.get(connectionId) ?? null,
  };
}
